/* SPDX-License-Identifier: GPL-3.0-or-later */
/*	name			grade	what it is
 *					what it means
 *					what dejunk does about it
 *					what the administrator can do */
FINDING(UNREADABLE,		MINOR,	"not all other firewall tables can be read",
	"what they do to filtered traffic is not known",
	"Arms all the same, and compares redirected connections with those that arrive.",
	"Run doctor as root; if that was so, see which table is larger than dejunk reads.")
FINDING(TABLE_REFUSED,		GRAVE,	"the kernel or nft refuses the table inet dejunk",
	"nothing can be filtered",
	"Does not start.",
	"Use Linux 6.1 or later with nf_tables, NAT and connection tracking, and nft 1.0 or later.")
FINDING(QUEUE_TARGET,		NOTE,	"the kernel has no queue expression of nf_tables (nft_queue)",
	"packets can be queued by the older NFQUEUE target only",
	"Uses that target; nothing is lost.",
	"Nothing needs to be done.")
FINDING(NO_LAN,			GRAVE,	"no interface is a lan, and this machine's own traffic is not filtered either",
	"nobody is filtered",
	"Waits for an interface that fits.",
	"Name the interfaces of the clients in rules.yaml (lan), or set filter_self: yes.")
FINDING(NOT_FORWARDING,		GRAVE,	"IP forwarding is off",
	"this machine routes nothing for its clients; only what the proxy fetches for them arrives",
	"Nothing: scripts/up switches forwarding on, the daemon does not.",
	"sysctl -w net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1")
FINDING(INPUT_DROPS,		GRAVE,	"another table drops what is redirected to the proxy",
	"the HTTP ports of these clients cannot be filtered",
	"Does not arm that family on that interface; traffic flows unfiltered.",
	"Let connections that were redirected in: the command stands with each.")
FINDING(FORWARD_DROPS,		MINOR,	"another table drops some forwarded connections",
	"a proxy could be a way around it",
	"Asks what the chain says to each client and server, and does not serve whom it drops.",
	"Nothing needs to be done.")
FINDING(LEGACY,			MINOR,	"iptables-legacy has rules",
	"they cannot be read, so that clients which they drop could reach the HTTP ports through the proxy",
	"Compares redirected connections with those that arrive.",
	"Move the rules to iptables-nft or nft.")
FINDING(FLOW_OFFLOAD,		GRAVE,	"another table takes flows past the firewall (flow offload)",
	"once a flow is offloaded no chain sees its packets: further DNS questions and answers over the same ports",
	"Of connections to TLS ports holds back the end of the handshake once, so that their server name comes by before they are offloaded; HTTP is redirected and never offloaded.",
	"Exempt the clients' DNS (port 53) from the flow rule.")
FINDING(NOTRACK,		MINOR,	"another table keeps packets from connection tracking",
	"they can be neither redirected nor reset, and their DNS answers are taken for answers to nobody's question",
	"Lets them pass.",
	"See that the rule does not hold for what clients send to HTTP, TLS and DNS ports.")
FINDING(QUEUE_TAKEN,		GRAVE,	"another program uses a queue number of dejunk",
	"one of the two gets the packets of the other",
	"Does not start while another listens there; lets pass what others queue to it.",
	"Give the other program other queues than these.")
FINDING(OTHER_QUEUES,		NOTE,	"other programs listen on other queues",
	"packets may be queued to both, one after the other",
	"Nothing: each has its own numbers, and marks are masked.",
	"Nothing needs to be done.")
FINDING(PACKET_MARK,		GRAVE,	"another table uses a bit of the packet mark that is dejunk's",
	"packets that dejunk asks about lose that bit; the other table then does something else with them",
	"Clears its bits of what it asks about, and no other.",
	"Choose five bits that nobody uses (mark in rules.yaml).")
FINDING(CT_MARK,		MINOR,	"another table uses bits of the connection mark that are dejunk's",
	"what one writes there, the other reads or overwrites",
	"Changes its own bits only, and asks again about a connection whose bits are gone.",
	"Let the other rule write and compare its own bits (ct mark and MASK), or choose four others (mark in rules.yaml).")
FINDING(MARK_COPY,		MINOR,	"another table copies bits of the connection mark that are dejunk's to the packet mark",
	"rules and routes that compare the whole packet mark no longer match",
	"Nothing: its bits are masked wherever it reads them.",
	"Copy the bits meant only (meta mark set ct mark and MASK), or compare with a mask (ip rule add fwmark VALUE/MASK).")
FINDING(MARK_ROUTES,		MINOR,	"ip rules route by a bit of marks that is dejunk's",
	"packets may take another route once the bit is set or cleared",
	"Never lets a packet go on with its bit of the packet mark set.",
	"Give the ip rule a mask without that bit (fwmark VALUE/MASK), or choose four others (mark in rules.yaml).")
FINDING(SOURCE_RULES,		MINOR,	"ip rules select by source, mark or interface",
	"what the proxy dials leaves by this machine's own route, which may be another than the client's",
	"Nothing.",
	"Add a rule for the user dejunk (ip rule add uidrange), or list those clients in rules.yaml (exempt).")
FINDING(RP_FILTER,		MINOR,	"the reverse path filter of a lan is strict, and ip rules route by source, mark or interface",
	"the kernel drops packets whose way back it believes to be another one, before any chain",
	"Nothing.",
	"sysctl -w net.ipv4.conf.INTERFACE.rp_filter=2, and that of all")
FINDING(NAT6,			NOTE,	"IPv6 of the lan is not masqueraded",
	"to HTTP servers the clients appear with this machine's address, elsewhere with their own",
	"Nothing.",
	"Nothing needs to be done; exempt clients whose servers must see them.")
FINDING(REDIRECTED_BEFORE,	GRAVE,	"another table gives HTTP or TLS connections another destination before dejunk sees them",
	"their original destination is hidden, so that they are not filtered, or by that program",
	"Lets them go where they are sent.",
	"Let only one program redirect: remove the other rule, or exempt its clients in rules.yaml.")
FINDING(PRIORITY,		NOTE,	"a chain of another table stands at the very priority of one of dejunk's",
	"which of the two comes first depends on which was loaded last",
	"Nothing: no decision of its chains needs another order.",
	"Move the other chain by one if what it does depends on the order.")
FINDING(DOCKER,			NOTE,	"Docker's chains are there",
	"Docker forwards to its containers and lets nobody else through unless told",
	"Never redirects to containers of this machine, and leaves container bridges out of lan: auto.",
	"If the lan is to be routed beside Docker, accept it in the chain DOCKER-USER.")
FINDING(FIREWALLD,		NOTE,	"firewalld runs",
	"it may reload its tables at any time, and drops what no zone lets in",
	"Puts its own table back when that is lost, and looks again at what firewalld would drop.",
	"Nothing needs to be done, unless INPUT drops what is redirected (told apart).")
FINDING(PORT_TAKEN,		GRAVE,	"another program listens on the proxy's port",
	"the proxy cannot listen",
	"Does not start.",
	"Choose another port (listen in rules.yaml), or stop the other program.")
FINDING(BRIDGE_PORT,		GRAVE,	"an interface named as lan is part of a bridge",
	"the firewall sees packets of its clients as coming from the bridge",
	"Filters what comes by that name, which is nothing.",
	"Name the bridge instead.")
FINDING(BRIDGE_NETFILTER,	MINOR,	"bridged packets go through the IP chains (br_netfilter)",
	"connections between two ports of one bridge are filtered as if they were routed; redirected ones may get lost",
	"Treats them like all others: destinations on the lan itself are left alone.",
	"sysctl -w net.bridge.bridge-nf-call-iptables=0 net.bridge.bridge-nf-call-ip6tables=0")
FINDING(BRIDGED,		MINOR,	"the way out is a bridge with several ports",
	"clients whose router is behind the bridge, and not this machine, pass it without meeting an IP chain",
	"Filters what is routed, not what is bridged.",
	"Make this machine the router of the clients, or take the bridge apart.")
FINDING(INGRESS,		MINOR,	"tc filters or an XDP program see the packets of a lan first",
	"they may drop, redirect or mark packets where no firewall table shows it",
	"Nothing: they cannot be read.",
	"See tc filter show dev INTERFACE ingress, and ip link.")
FINDING(CONNTRACK_FULL,		GRAVE,	"the table of connections is nearly full",
	"new connections are dropped by the kernel, filtered or not",
	"Nothing.",
	"sysctl -w net.netfilter.nf_conntrack_max=...")
FINDING(CONNTRACK_TIMES,	MINOR,	"connection tracking forgets quiet connections sooner than dejunk",
	"a redirected connection that was quiet hangs when its client speaks again, or an answer of DNS comes too late to be learned",
	"Keeps tunnels for an hour, and questions for a few seconds.",
	"sysctl -w net.netfilter.nf_conntrack_tcp_timeout_established=7440 net.netfilter.nf_conntrack_udp_timeout=30")
FINDING(CONNTRACK_STRICT,	NOTE,	"connections that began before they were tracked are invalid (nf_conntrack_tcp_loose=0)",
	"where rules drop invalid packets, connections end that were open when connection tracking began",
	"Nothing: it decides about first packets.",
	"Nothing needs to be done.")
FINDING(RESOLVER,		NOTE,	"a resolver answers on this machine",
	"clients ask it in plain text, whatever it asks others, be it encrypted (DoT, DoH)",
	"Reads its answers where they leave for the clients.",
	"Nothing needs to be done.")
FINDING(DESCRIPTORS,		MINOR,	"processes may have few open files",
	"the proxy holds fewer connections than it could; near the limit new traffic flows unfiltered",
	"Steps aside at 90 % of the descriptors.",
	"Raise the hard limit of open files (LimitNOFILE= of the service).")
FINDING(CLOCK,			MINOR,	"the clock is not set",
	"rules with between: hold at the wrong times, and lists are fetched anew too often or not at all",
	"Looks at the clock each second, and follows when it is set.",
	"Set the clock before dejunk starts, or let it be set over the network.")
