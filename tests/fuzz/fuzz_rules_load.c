/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fuzz_rules_load - links: rules rules_decide rules_build rules_load rules_load_gateway rules_load_rule rules_load_list rules_sets rules_listed rules_build_sets rules_load_options rules_load_text match match_query match_open match_domain match_build match_build_set match_build_fold match_build_hosts match_build_file match_keys url_tokens filter_parse filter_pattern filter_options filter_domain list_adblock rules_load_url list_due list_store rules_report list_shown yaml_tree image names_table glob regex schedule host addr gateway list_detect list_hosts list_domains list_wildcard list_dnsmasq list_rpz
 *
 * The input is a rules.yaml.  Property: either there are errors, each with a line of the file, or an image that
 * rules_map() accepts and that says as many rules as the report.
 */
#include <stdint.h>

#include "../unit/rules_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct text_file lists[] = { { "l", { "0.0.0.0 a.test\n", 15 } }, { NULL, { NULL, 0 } } };
	struct rules_report report;
	struct rules_summary summary;
	char why[200], *text;
	int fd = rules_text_build((struct span){ (const char *)data, size }, lists, &report);

	text = rules_report_text(&report);
	if (!text || (fd < 0) != (report.errors != 0))
		abort();
	for (size_t i = 0; i < report.count; i++)
		if (report.notes[i].line > size + 1 || report.notes[i].caret > strlen(report.notes[i].source))
			abort();
	if (fd >= 0) {
		struct rules *r = rules_map(fd, why, sizeof(why));

		if (!r)
			abort();
		rules_summary(r, &summary);
		if (summary.rules != report.rules)
			abort();
		rules_put(r);
		close(fd);
	}
	free(text);
	rules_report_fini(&report);
	return 0;
}
