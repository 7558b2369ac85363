// Runs one engine inside this process, for in_process_peer.py: a JSON command a line in, a JSON answer a line out.
//
//   in_process.mjs chdb|duckdb MODULES DIRECTORY
//
//   {"run": "..."}  runs a statement             -> {}
//   {"ask": "...", "keep": true}  runs it        -> {"seconds": s, "columns": [...], "rows": [...]} or {"seconds": s, "text": "..."}
//   {"ask": "...", "keep": false} the same       -> {"seconds": s}
//   {"cpu": true}                                -> {"cpu_s": s}, of all threads of this process
//
// Seconds end when the whole answer is there in the engine's own form. What fails gives {"error": "..."}.

import { createRequire } from "node:module";
import { join } from "node:path";
import { createInterface } from "node:readline";

const [engine, modules, directory] = process.argv.slice(2);
const require = createRequire(join(modules, "package.json"));

function openChdb() {
  const { Session } = require("chdb");
  const session = new Session(join(directory, "data"));
  session.query("SET date_time_output_format = 'unix_timestamp'");
  return {
    run: async (sql) => void session.query(sql),
    ask: async (sql, keep) => {
      const started = process.hrtime.bigint();
      const text = session.query(sql, "JSONCompact");
      const seconds = Number(process.hrtime.bigint() - started) / 1e9;
      return keep ? { seconds, text } : { seconds };
    },
  };
}

async function openDuckdb() {
  const { DuckDBInstance, DuckDBTimestampValue } = require("@duckdb/node-api");
  const instance = await DuckDBInstance.create(join(directory, "data.duckdb"), {
    autoinstall_known_extensions: "false",
    autoload_known_extensions: "false",
  });
  const connection = await instance.connect();
  const plain = (value) => {
    if (typeof value === "bigint") return Number(value);
    if (value instanceof DuckDBTimestampValue) return Number(value.micros / 1000000n);
    return value;
  };
  return {
    run: async (sql) => void (await connection.run(sql)),
    ask: async (sql, keep) => {
      const started = process.hrtime.bigint();
      const result = await connection.run(sql);
      const chunks = await result.fetchAllChunks();
      const seconds = Number(process.hrtime.bigint() - started) / 1e9;
      if (!keep) return { seconds };
      const rows = chunks.flatMap((chunk) => chunk.getRows().map((row) => row.map(plain)));
      return { seconds, columns: result.columnNames(), rows };
    },
  };
}

const opened = engine === "chdb" ? openChdb() : await openDuckdb();

async function obey({ run, ask, keep }) {
  if (run !== undefined) return (await opened.run(run)) ?? {};
  if (ask !== undefined) return opened.ask(ask, keep);
  const { user, system } = process.cpuUsage();
  return { cpu_s: (user + system) / 1e6 };
}

for await (const line of createInterface({ input: process.stdin })) {
  let answer;
  try {
    answer = await obey(JSON.parse(line));
  } catch (error) {
    answer = { error: String(error.message ?? error) };
  }
  process.stdout.write(JSON.stringify(answer) + "\n");
}
process.exit(0);
