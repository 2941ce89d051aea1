package program

// param says what an operand is.
type param struct {
	kind   kind
	names  []symbol // of a number's values, or of bits
	fields []field  // of a structure
}

type kind uint8

const (
	number      kind = iota // unsigned, decimal where it has no name
	id                      // of 32 bits, -1 where it is not to change
	octal                   // a file mode
	fileMode                // of a regular file, with its type
	descriptor              // or AT_FDCWD
	bits                    // flags
	text                    // a NUL-terminated string
	texts                   // a NULL-terminated array of such
	structure               // with fields
	signal                  // a signal's number
	signalSet               // a set of signals
	capData                 // the three sets of capset(2)
	groupList               // the list of setgroups(2), whose length comes before it
	unixAddress             // struct sockaddr_un of unix(7), with a path
	ifreq                   // struct ifreq of netdevice(7), with flags
)

// field is one of a structure.
type field struct {
	name string
	size uint64 // in bytes
	what param
}

var (
	num = param{kind: number}
	fd  = param{kind: descriptor}
	str = param{kind: text}
)

func oneOf(names []symbol) param  { return param{kind: number, names: names} }
func flags(names []symbol) param  { return param{kind: bits, names: names} }
func record(fields []field) param { return param{kind: structure, fields: fields} }

var limits = []field{{"rlim_cur", 8, oneOf(infinity)}, {"rlim_max", 8, oneOf(infinity)}}

var openHow = []field{{"flags", 8, flags(openFlags)}, {"mode", 8, param{kind: octal}}, {"resolve", 8, flags(resolveFlags)}}

var mountAttr = []field{
	{"attr_set", 8, flags(mountAttributes)}, {"attr_clr", 8, flags(mountAttributes)},
	{"propagation", 8, flags(mountFlags)}, {"userns_fd", 8, num},
}

var capHeader = []field{{"version", 4, oneOf(capVersions)}, {"pid", 4, num}}

var socketFilter = []field{{"len", 8, num}, {"filter", 8, num}}
