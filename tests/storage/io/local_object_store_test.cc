#include "storage/io/local_object_store.h"

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/base/bytes.h"
#include "tests/support/fault_file_system.h"

namespace stria::storage {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using Unsynced = FaultFileSystem::Unsynced;

struct Store {
  explicit Store(FileSystem& files) {
    auto opened = OpenLocalObjectStore(files, "store");
    EXPECT_TRUE(opened.has_value()) << opened.error().ToString();
    store = *std::move(opened);
  }
  ObjectStore* operator->() const { return store.get(); }
  std::unique_ptr<ObjectStore> store;
};

std::vector<ObjectInfo> Objects(ObjectStore& store) {
  return *store.List("");
}

std::vector<std::string> Names(FileSystem& files) {
  return *files.List("store");
}

TEST(LocalObjectStoreTest, AnObjectIsReadInRanges) {
  FaultFileSystem files;
  const Store store(files);
  ASSERT_TRUE(store->PutIfAbsent("db/7/part", AsBytes("0123456789")).ok());
  EXPECT_EQ(AsText(*store->GetRange("db/7/part", 0, 10)), "0123456789");
  EXPECT_EQ(AsText(*store->GetRange("db/7/part", 3, 4)), "3456");
  EXPECT_THAT(*store->GetRange("db/7/part", 10, 0), IsEmpty());
  for (const auto& [offset, length] :
       {std::pair<uint64_t, uint64_t>{0, 11}, {10, 1}, {11, 0}, {5, UINT64_MAX}, {UINT64_MAX, 2}}) {
    EXPECT_EQ(store->GetRange("db/7/part", offset, length).error().code(), StatusCode::kOutOfRange)
        << offset << " " << length;
  }
}

TEST(LocalObjectStoreTest, ANameIsPutOnce) {
  FaultFileSystem files;
  const Store store(files);
  ASSERT_TRUE(store->PutIfAbsent("a", AsBytes("first")).ok());
  const Status again = store->PutIfAbsent("a", AsBytes("second"));
  EXPECT_EQ(again.code(), StatusCode::kAlreadyExists);
  EXPECT_THAT(std::string(again.message()), HasSubstr("\"a\""));
  EXPECT_EQ(AsText(*store->GetRange("a", 0, 5)), "first");
}

TEST(LocalObjectStoreTest, ListsByPrefixInTheOrderOfNames) {
  FaultFileSystem files;
  const Store store(files);
  for (const char* name : {"b/2", "b/10", "a", "b!", "b", "c/1", "b/1"})
    ASSERT_TRUE(store->PutIfAbsent(name, AsBytes(name)).ok());
  EXPECT_THAT(*store->List("b/"),
              ElementsAre(ObjectInfo{"b/1", 3}, ObjectInfo{"b/10", 4}, ObjectInfo{"b/2", 3}));
  EXPECT_EQ(store->List("")->size(), 7U);
  EXPECT_THAT(*store->List("z"), IsEmpty());
}

TEST(LocalObjectStoreTest, DeleteIsDoneOnceAndNoErrorTwice) {
  FaultFileSystem files;
  const Store store(files);
  ASSERT_TRUE(store->PutIfAbsent("a", AsBytes("x")).ok());
  EXPECT_TRUE(store->Delete("a").ok());
  EXPECT_TRUE(store->Delete("a").ok());
  const auto gone = store->GetRange("a", 0, 1);
  ASSERT_FALSE(gone.has_value());
  EXPECT_EQ(gone.error().code(), StatusCode::kNotFound);
  EXPECT_TRUE(store->PutIfAbsent("a", AsBytes("y")).ok()) << "the name is free again";
}

TEST(LocalObjectStoreTest, NoNameLeadsOutOfTheDirectoryOrIsMixedUpWithAnother) {
  FaultFileSystem files;
  const Store store(files);
  const std::vector<std::string> names = {"../up",
                                          "..",
                                          ".",
                                          ".hidden",
                                          "a/../b",
                                          "/root",
                                          "a%2Fb",
                                          "a/b",
                                          "%",
                                          ".a.tmp",
                                          "x\n",
                                          "Größe",
                                          std::string("nul\0", 4)};
  for (const auto& name : names)
    ASSERT_TRUE(store->PutIfAbsent(name, AsBytes(name)).ok()) << name;
  for (const auto& name : names)
    EXPECT_EQ(AsText(*store->GetRange(name, 0, name.size())), name);
  auto sorted = names;
  std::ranges::sort(sorted);
  std::vector<std::string> listed;
  for (const auto& object : Objects(*store.store))
    listed.push_back(object.name);
  EXPECT_EQ(listed, sorted);
  for (const auto& file : Names(files)) {
    EXPECT_EQ(file.find('/'), std::string::npos);
    EXPECT_FALSE(file.starts_with('.')) << file;
  }
}

TEST(LocalObjectStoreTest, ANameThatIsNoFileNameIsRefused) {
  FaultFileSystem files;
  const Store store(files);
  EXPECT_EQ(store->PutIfAbsent("", AsBytes("x")).code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(store->PutIfAbsent(std::string(251, 'x'), AsBytes("x")).code(),
            StatusCode::kInvalidArgument);
  EXPECT_TRUE(store->PutIfAbsent(std::string(250, 'x'), AsBytes("x")).ok());
}

TEST(LocalObjectStoreTest, AfterALossOfPowerWhatWasAnsweredHoldsAndNoObjectIsInPieces) {
  for (const auto unsynced :
       {Unsynced::kDropNames, Unsynced::kKeepNames, Unsynced::kKeepAll, Unsynced::kTorn}) {
    for (uint64_t call = 1;; ++call) {
      FaultFileSystem files(call);
      const std::string bytes(2000, 'x');
      Status put, erased;
      {
        const Store store(files);
        ASSERT_TRUE(store->PutIfAbsent("old", AsBytes(bytes)).ok());
        files.FailAt(call, StatusCode::kIoError, /*dies=*/true);
        put = store->PutIfAbsent("new", AsBytes(bytes));
        erased = store->Delete("old");
      }
      const bool reached = files.failed();
      files.Crash(unsynced);
      const Store store(files);
      for (const auto& object : Objects(*store.store))
        EXPECT_EQ(AsText(*store->GetRange(object.name, 0, object.bytes)), bytes);
      if (put.ok()) {
        EXPECT_EQ(store->List("new")->size(), 1U) << call;
      }
      if (erased.ok()) {
        EXPECT_THAT(*store->List("old"), IsEmpty()) << call;
      }
      for (const auto& file : Names(files))
        EXPECT_FALSE(file.ends_with(".tmp")) << "call " << call;
      if (!reached) break;
    }
  }
}

TEST(LocalObjectStoreTest, OfThoseWhoPutTheSameNameAtOnceOneSucceeds) {
  std::string directory = (std::filesystem::temp_directory_path() / "stria-store-XXXXXX").string();
  ASSERT_NE(::mkdtemp(directory.data()), nullptr);
  auto store = OpenLocalObjectStore(PosixFileSystem(), directory);
  ASSERT_TRUE(store.has_value());
  std::atomic<int> num_done = 0;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&, i] {
        const std::string bytes(1000, static_cast<char>('a' + i));
        for (int name = 0; name < 20; ++name)
          num_done += (*store)->PutIfAbsent(std::to_string(name), AsBytes(bytes)).ok() ? 1 : 0;
      });
    }
  }
  EXPECT_EQ(num_done, 20);
  for (const auto& object : Objects(**store)) {
    const auto bytes = *(*store)->GetRange(object.name, 0, object.bytes);
    EXPECT_EQ(std::ranges::count(bytes, bytes[0]), 1000);
  }
  std::filesystem::remove_all(directory);
}

}  // namespace
}  // namespace stria::storage
