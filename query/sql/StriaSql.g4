// The SQL of Stria. Keywords that may also be names stand in `word`.
grammar StriaSql;

statement
    : (query | explain | showTables | showDatabases | showCreate | describe | createDatabase | createTable | setOptions
      | deleteRows | dropTable | dropDatabase | dropColumn) ';'? EOF
    ;

explain       : EXPLAIN ANALYZE? query ;
showTables    : SHOW TABLES ((FROM | IN) name)? ;
showDatabases : SHOW DATABASES ;
showCreate    : SHOW CREATE TABLE tableName ;
describe      : (DESCRIBE | DESC) tableName ;
createDatabase: CREATE DATABASE (IF NOT EXISTS)? name ;
createTable   : CREATE TABLE (IF NOT EXISTS)? tableName ('(' newColumn (',' newColumn)* ')')? (WITH tableOptions)? ;
newColumn     : name typeName role=name? ;
tableOptions  : '(' option (',' option)* ')' ;
option        : name '=' (STRING | sign='-'? (INTEGER | DECIMAL) | name | TRUE | FALSE) ;
setOptions    : ALTER TABLE tableName (SET tableOptions | RESET '(' name (',' name)* ')') ;
deleteRows    : DELETE FROM tableName (WHERE expr)? ;
dropTable     : DROP TABLE (IF EXISTS)? tableName ;
dropDatabase  : DROP DATABASE (IF EXISTS)? name ;
dropColumn    : ALTER TABLE tableName DROP COLUMN (IF EXISTS)? name ;

query  : (WITH cte (',' cte)*)? select ;
cte    : name AS '(' query ')' ;

select
    : SELECT distinct? selectItem (',' selectItem)*
      (FROM relation)?
      (WHERE where=expr)?
      (GROUP BY expr (',' expr)*)?
      (HAVING having=expr)?
      (WINDOW namedWindow (',' namedWindow)*)?
      (ORDER BY sortItem (',' sortItem)*)?
      limits*
    ;
distinct   : DISTINCT (ON '(' expr (',' expr)* ')')? ;
selectItem : '*' | expr (AS? alias=name)? ;
relation   : tableName (AS? alias=name)? | '(' query ')' (AS? alias=name)? ;
sortItem   : expr (ASC | DESC)? (NULLS (FIRST | LAST))? ;
limits     : LIMIT expr | OFFSET expr ;
tableName  : name ('.' name)? ;

namedWindow : name AS '(' window ')' ;
window      : base=name? (PARTITION BY expr (',' expr)*)? (ORDER BY sortItem (',' sortItem)*)? frame? ;
frame       : (ROWS | RANGE) (begin=frameBound | BETWEEN begin=frameBound AND end=frameBound) ;
frameBound  : UNBOUNDED (PRECEDING | FOLLOWING) | CURRENT ROW | operand (PRECEDING | FOLLOWING) ;
filter      : FILTER '(' WHERE expr ')' ;
over        : OVER (name | '(' window ')') ;

expr
    : left=expr op=('~' | '~*' | '!~' | '!~*') right=expr       # match
    | left=expr op=('=' | '==' | '<>' | '!=' | '<' | '<=' | '>' | '>=') right=expr # compare
    | expr NOT? IN '(' expr (',' expr)* ')'                     # inList
    | value=expr NOT? BETWEEN low=operand AND high=operand      # between
    | left=expr NOT? LIKE right=expr                            # like
    | expr IS NOT? NULL_                                        # isNull
    | NOT expr                                                  # not
    | left=expr AND right=expr                                  # and
    | left=expr OR right=expr                                   # or
    | operand                                                   # arithmetic
    ;

// What has no AND in it, so that BETWEEN knows which one is its own.
operand
    : operand '::' typeName                                     # castSuffix
    | sign=('-' | '+') operand                                  # signed
    | left=operand op=('*' | '/' | '%') right=operand           # multiply
    | left=operand op=('+' | '-') right=operand                 # add
    | primary                                                   # simple
    ;

primary
    : '(' expr ')'                                              # parenthesis
    | CASE (WHEN expr THEN expr)+ (ELSE otherwise=expr)? END    # case
    | CAST '(' expr AS typeName ')'                             # cast
    | INTERVAL STRING                                           # interval
    | TIMESTAMP STRING                                          # timestamp
    | name '(' (star='*' | DISTINCT? expr (',' expr)*)? ')' filter? over? # call
    | name ('.' name)*                                          # column
    | INTEGER                                                   # integer
    | DECIMAL                                                   # decimal
    | STRING                                                    # string
    | TRUE                                                      # true
    | FALSE                                                     # false
    | NULL_                                                     # null
    ;

typeName : name ;
name     : IDENTIFIER | QUOTED | word ;
word
    : ALTER | ANALYZE | COLUMN | CURRENT | DATABASE | DATABASES | DELETE | DESCRIBE | DROP | EXISTS | EXPLAIN | FILTER
    | FIRST | FOLLOWING | IF | INTERVAL | LAST | NULLS | OFFSET | OVER | PARTITION | PRECEDING | RANGE | RESET | ROW | ROWS
    | SET | SHOW | TABLE | TABLES | TIMESTAMP | UNBOUNDED | WINDOW
    ;

ALTER: A L T E R; ANALYZE: A N A L Y Z E; AND: A N D; AS: A S; ASC: A S C; BETWEEN: B E T W E E N; BY: B Y;
CASE: C A S E; CAST: C A S T; COLUMN: C O L U M N; CREATE: C R E A T E; CURRENT: C U R R E N T;
DATABASE: D A T A B A S E; DATABASES: D A T A B A S E S; DELETE: D E L E T E; DESC: D E S C;
DESCRIBE: D E S C R I B E; DISTINCT: D I S T I N C T; DROP: D R O P; ELSE: E L S E; END: E N D; EXISTS: E X I S T S;
EXPLAIN: E X P L A I N; FALSE: F A L S E; FILTER: F I L T E R; FIRST: F I R S T; FOLLOWING: F O L L O W I N G;
FROM: F R O M; GROUP: G R O U P; HAVING: H A V I N G; IF: I F; IN: I N; INTERVAL: I N T E R V A L; IS: I S;
LAST: L A S T; LIKE: L I K E; LIMIT: L I M I T; NOT: N O T; NULLS: N U L L S; NULL_: N U L L; OFFSET: O F F S E T;
ON: O N; OR: O R; ORDER: O R D E R; OVER: O V E R; PARTITION: P A R T I T I O N; PRECEDING: P R E C E D I N G;
RANGE: R A N G E; RESET: R E S E T; ROW: R O W; ROWS: R O W S; SELECT: S E L E C T; SET: S E T; SHOW: S H O W; TABLE: T A B L E;
TABLES: T A B L E S; THEN: T H E N; TIMESTAMP: T I M E S T A M P; TRUE: T R U E; UNBOUNDED: U N B O U N D E D;
WHEN: W H E N; WHERE: W H E R E; WINDOW: W I N D O W; WITH: W I T H;

INTEGER    : DIGIT+ ;
DECIMAL    : DIGIT+ '.' DIGIT* EXPONENT? | '.' DIGIT+ EXPONENT? | DIGIT+ EXPONENT ;
BAD_NUMBER : (DIGIT+ ('.' DIGIT*)? | '.' DIGIT+) EXPONENT? [a-zA-Z_] [a-zA-Z0-9_$]* ; // In no rule: 0x10, 1e, 5s.
STRING     : '\'' (~'\'' | '\'\'')* '\'' ;
QUOTED     : '"' (~'"' | '""')+ '"' ;
IDENTIFIER : [a-zA-Z_\u0080-\uFFFF] [a-zA-Z0-9_$\u0080-\uFFFF]* ;
COMMENT    : ('--' ~[\r\n]* | '/*' .*? '*/') -> skip ;
BLANK      : [ \t\r\n]+ -> skip ;
OTHER      : . ;

fragment DIGIT: [0-9];
fragment EXPONENT: [eE] [+-]? DIGIT+;
fragment A: [aA]; fragment B: [bB]; fragment C: [cC]; fragment D: [dD]; fragment E: [eE]; fragment F: [fF];
fragment G: [gG]; fragment H: [hH]; fragment I: [iI]; fragment J: [jJ]; fragment K: [kK]; fragment L: [lL];
fragment M: [mM]; fragment N: [nN]; fragment O: [oO]; fragment P: [pP]; fragment Q: [qQ]; fragment R: [rR];
fragment S: [sS]; fragment T: [tT]; fragment U: [uU]; fragment V: [vV]; fragment W: [wW]; fragment X: [xX];
fragment Y: [yY]; fragment Z: [zZ];
