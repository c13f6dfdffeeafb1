#include "schema/described.h"

#include <boost/json/serialize.hpp>
#include <gtest/gtest.h>

#include "schema/json_schema.h"

namespace kriya::schema {

struct Address {
  std::string street;
  std::optional<std::int64_t> number;
};
BOOST_DESCRIBE_STRUCT(Address, (), (street, number))

struct Person {
  Uuid id;
  PersonName name;
  std::optional<EmailAddress> email;
  bool active = false;
  Timestamp since;
  std::vector<Address> addresses;
};
BOOST_DESCRIBE_STRUCT(Person, (), (id, name, email, active, since, addresses))

enum class Colour { red, green, default_ };
BOOST_DESCRIBE_ENUM(Colour, red, green, default_)

struct Paint {
  Colour colour = Colour::red;
  std::optional<Colour> template_;
  json::object extra;
  static constexpr bool kOmitEmpty = true;
};
BOOST_DESCRIBE_STRUCT(Paint, (), (colour, template_, extra))

struct Measure {
  double value = 0;
  std::optional<double> error;
};
BOOST_DESCRIBE_STRUCT(Measure, (), (value, error))

namespace {

TEST(Described, ReadsEveryNumberAsADoubleAndWritesTheShortestText) {
  const auto read_back = [](const char* text) {
    const auto measure = read<Measure>(parse_json(text).value());
    return measure ? write(*measure) : measure.error().fields.at(0).message;
  };
  EXPECT_EQ(read_back(R"({"value":8})"), R"({"value":8,"error":null})");
  EXPECT_EQ(read_back(R"({"value":8.0,"error":0.1})"), R"({"value":8,"error":0.1})");
  EXPECT_EQ(read_back(R"({"value":-1e300})"), R"({"value":-1e+300,"error":null})");
  EXPECT_EQ(read_back(R"({"value":18446744073709551615})"), R"({"value":18446744073709551616,"error":null})");
  EXPECT_EQ(read_back(R"({"value":"8"})"), "must be a number");
  EXPECT_EQ(read_back(R"({"value":true})"), "must be a number");
}

TEST(JsonSchema, SaysThatADoubleIsANumber) {
  Components components;
  EXPECT_EQ(json::serialize(components.schema_of<std::optional<double>>()), R"({"type":["number","null"]})");
}

TEST(Described, WritesWordsOfAnEnumAndNamesWithoutTheKeywordsUnderscore) {
  const auto paint = read<Paint>(parse_json(R"({"colour":"default","template":"green","extra":{"a":[1]}})").value());
  ASSERT_TRUE(paint) << paint.error().detail;
  EXPECT_EQ(paint->template_, Colour::green);
  EXPECT_EQ(write(*paint), R"({"colour":"default","template":"green","extra":{"a":[1]}})");
}

TEST(Described, LeavesEmptyOptionalsOutWhereTheStructSaysSo) {
  EXPECT_EQ(write(Paint{Colour::green, std::nullopt, {}}), R"({"colour":"green","extra":{}})");
}

TEST(Described, NamesTheWordsOfAnEnumWhenAnotherIsGiven) {
  const auto paint = read<Paint>(parse_json(R"({"colour":"blue","extra":1})").value());
  ASSERT_FALSE(paint);
  ASSERT_EQ(paint.error().fields.size(), 2U);
  EXPECT_EQ(paint.error().fields[0].message, "must be one of red, green, default");
  EXPECT_EQ(paint.error().fields[1].message, "must be an object");
}

TEST(JsonSchema, ListsTheWordsOfAnEnum) {
  Components components;
  EXPECT_EQ(json::serialize(components.schema_of<std::optional<Colour>>()),
            R"({"type":["string","null"],"enum":["red","green","default",null]})");
}

constexpr const char* kPerson =
    R"({"id":"017f22e2-79b0-7cc3-98c4-dc0c0c07398f","name":"Asha","email":null,"active":true,)"
    R"("since":"2026-11-21T09:30:00Z","addresses":[{"street":"Main","number":5},{"street":"Side","number":null}]})";

Result<Person> read_person(const char* text) { return read<Person>(parse_json(text).value()); }

TEST(Described, ReadsBackWhatItWrites) {
  const auto person = read_person(kPerson);
  ASSERT_TRUE(person) << person.error().detail;
  EXPECT_EQ(write(*person), kPerson);
}

TEST(Described, NamesEveryBadFieldByItsPath) {
  const auto person = read_person(
      R"({"id":"x","name":" ","email":"x","active":1,"since":"now","addresses":[{"street":1},{"number":"5"}]})");
  ASSERT_FALSE(person);
  EXPECT_EQ(person.error().code, Errc::invalid_fields);
  std::vector<std::string> fields;
  for (const FieldError& field : person.error().fields) fields.push_back(field.field);
  EXPECT_EQ(fields, (std::vector<std::string>{"id", "name", "email", "active", "since", "addresses[0].street",
                                              "addresses[1].street", "addresses[1].number"}));
}

TEST(Described, AsksForWhatIsMissingOrNull) {
  const auto person = read_person(R"({"name":null})");
  ASSERT_FALSE(person);
  EXPECT_EQ(person.error().fields.size(), 5U);  // all but the optional e-mail
  for (const FieldError& field : person.error().fields) EXPECT_EQ(field.message, "is required");
}

TEST(Described, IgnoresUnknownMembers) {
  std::string text = kPerson;
  text.insert(1, R"("extra":{"deep":[1]},)");
  EXPECT_TRUE(read_person(text.c_str()));
}

TEST(Described, RefusesADocumentThatIsNoObject) {
  const auto person = read_person("[]");
  ASSERT_FALSE(person);
  EXPECT_EQ(person.error().detail, "A field is not acceptable: the body must be an object.");
}

TEST(JsonSchema, DescribesEachStructOnceAndRefersToIt) {
  Components components;
  EXPECT_EQ(json::serialize(components.schema_of<Person>()), R"({"$ref":"#/components/schemas/Person"})");
  components.schema_of<std::optional<Address>>();
  const json::object schemas = std::move(components).take();
  EXPECT_EQ(schemas.size(), 2U);
  EXPECT_EQ(json::serialize(schemas.at("Address").at("required")), R"(["street"])");
  EXPECT_EQ(json::serialize(schemas.at("Address").at("properties").at("number").at("type")), R"(["integer","null"])");
  EXPECT_EQ(schemas.at("Person").at("properties").at("name").at("maxLength").to_number<int>(), 100);
}

}  // namespace
}  // namespace kriya::schema
