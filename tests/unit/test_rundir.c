/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_rundir - one dejunk a directory, and nothing left behind
 * links: rundir
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "rundir.h"

static char base[64];

static int setup(void **state)
{
	(void)state;
	strcpy(base, "/tmp/test_rundir.XXXXXX");
	return mkdtemp(base) ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	return rmdir(base);
}

static void a_second_instance_is_refused_and_told_who_is_there(void **state)
{
	struct rundir a, b;
	char path[128], why[256], pid[32];

	(void)state;
	snprintf(path, sizeof(path), "%s/run", base);
	snprintf(pid, sizeof(pid), "pid %d", (int)getpid());
	assert_int_equal(rundir_open(&a, path, why, sizeof(why)), 0);
	assert_int_equal(rundir_open(&b, path, why, sizeof(why)), -1);
	assert_non_null(strstr(why, pid));
	rundir_close(&b);		/* nothing is open there */
	assert_true(rundir_connect(path) >= 0);		/* and the first is still reachable */
	rundir_close(&a);
	assert_int_equal(rundir_connect(path), -ENOENT);
	rundir_close(&a);
	assert_int_equal(rmdir(path), 0);		/* empty */
}

static void what_a_killed_one_left_is_no_hindrance(void **state)
{
	struct rundir a;
	struct stat st;
	char path[128], file[160], why[256];
	FILE *f;

	(void)state;
	snprintf(path, sizeof(path), "%s/run", base);
	snprintf(file, sizeof(file), "%s/pid", path);
	assert_int_equal(mkdir(path, 0700), 0);
	f = fopen(file, "w");
	assert_non_null(f);
	fputs("123456789\n", f);
	fclose(f);
	snprintf(file, sizeof(file), "%s/control", path);
	f = fopen(file, "w");
	assert_non_null(f);
	fclose(f);
	assert_int_equal(rundir_connect(path), -ECONNREFUSED);
	assert_int_equal(rundir_open(&a, path, why, sizeof(why)), 0);
	assert_int_equal(stat(file, &st), 0);
	assert_true(S_ISSOCK(st.st_mode));
	assert_int_equal(st.st_mode & 0777, 0600);
	rundir_close(&a);
	assert_int_equal(rmdir(path), 0);
}

static void a_path_longer_than_a_socket_name_works(void **state)
{
	struct rundir a;
	char path[512], why[256];
	int fd;

	(void)state;
	snprintf(path, sizeof(path), "%s/%0150d", base, 7);
	assert_int_equal(rundir_open(&a, path, why, sizeof(why)), 0);
	fd = rundir_connect(path);
	assert_true(fd >= 0);
	close(fd);
	rundir_close(&a);
	assert_int_equal(rmdir(path), 0);
}

static void a_directory_that_cannot_be_made_is_named(void **state)
{
	struct rundir a;
	char path[128], why[256];

	(void)state;
	snprintf(path, sizeof(path), "%s/no/such", base);
	assert_int_equal(rundir_open(&a, path, why, sizeof(why)), -1);
	assert_non_null(strstr(why, path));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_second_instance_is_refused_and_told_who_is_there),
		cmocka_unit_test(what_a_killed_one_left_is_no_hindrance),
		cmocka_unit_test(a_path_longer_than_a_socket_name_works),
		cmocka_unit_test(a_directory_that_cannot_be_made_is_named),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
