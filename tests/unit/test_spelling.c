#include "lib/base/spelling.h"
#include "tests/unit/expect.h"

static const struct {
	const char *word, *name;
	bool near;
} words[] = {
    {"status", "status", true},
    {"statu", "status", true},
    {"statuss", "status", true},
    {"sttaus", "status", true},
    {"stetus", "status", true},
    {"sttuas", "status", false},
    {"state", "status", false},
    {"", "fd", false},
    {"f", "fd", true},
    {"completoin", "completion", true},
    {"cmpletoin", "completion", true},
    {"cmpletoi", "completion", false},
    {"vault-adr", "vault-addr", true},
};

START_TEST(a_word_with_few_mistakes_is_near)
{
	ck_assert_int_eq(spelling_is_near(words[_i].word, words[_i].name), words[_i].near);
}
END_TEST

static void add(TCase *tests)
{
	tcase_add_loop_test(tests, a_word_with_few_mistakes_is_near, 0, COUNT(words));
}

int main(void)
{
	return run_tests("spelling", add);
}
