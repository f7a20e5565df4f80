// SPDX-License-Identifier: Apache-2.0

package state

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	nft "github.com/google/nftables"
	"github.com/google/nftables/expr"
	"github.com/google/nftables/userdata"
	"golang.org/x/sys/unix"
)

// A rule is a little program over registers: load a part of the packet, compare it,
// say what becomes of it. nft(8) knows how to make its language of it again; a
// decompiler does the same here for what tests commonly have. What it does not
// understand shows in angle brackets.
type decompiler struct {
	family  nft.TableFamily
	words   []string
	regs    map[uint32]operand
	implied int    // where in words the condition is which names the protocol, or -1
	network string // "ip" or "ip6", once known
	above   string // the protocol above that, once known
}

// An operand is what is in a register.
type operand struct {
	text   string                           // "tcp dport"
	format func([]byte) string              // of what it is compared with
	mask   []byte                           // of its bits only these count
	value  []byte                           // of a constant
	note   func(d *decompiler, data []byte) // what follows from its having that value
}

// ruleText returns a rule in the language of nft(8).
func ruleText(family nft.TableFamily, r *nft.Rule) string {
	d := decompiler{family: family, regs: make(map[uint32]operand), implied: -1}
	switch family {
	case nft.TableFamilyIPv4:
		d.network = "ip"
	case nft.TableFamilyIPv6:
		d.network = "ip6"
	}
	for _, e := range r.Exprs {
		d.take(e)
	}
	text := strings.Join(slices.DeleteFunc(d.words, func(w string) bool { return w == "" }), " ")
	if comment, ok := userdata.GetString(r.UserData, userdata.TypeComment); ok {
		text += fmt.Sprintf(" comment %q", comment)
	}
	return text
}

func (d *decompiler) say(format string, args ...any) {
	d.words = append(d.words, fmt.Sprintf(format, args...))
}

func (d *decompiler) take(e expr.Any) {
	switch e := e.(type) {
	case *expr.Meta:
		if e.SourceRegister {
			d.say("meta %s set %s", metaName(e.Key), d.constant(e.Register))
			return
		}
		d.regs[e.Register] = metaOperand(e.Key)
	case *expr.Payload:
		if e.OperationType == expr.PayloadWrite {
			d.say("%s set %s", d.payload(e).text, d.constant(e.SourceRegister))
			return
		}
		d.regs[e.DestRegister] = d.payload(e)
	case *expr.Ct:
		if e.SourceRegister {
			d.say("ct %s set %s", ctName(e.Key), d.constant(e.Register))
			return
		}
		d.regs[e.Register] = ctOperand(e.Key)
	case *expr.Bitwise:
		o := d.regs[e.SourceRegister]
		o.mask = e.Mask
		d.regs[e.DestRegister] = o
	case *expr.Byteorder:
		d.regs[e.DestRegister] = d.regs[e.SourceRegister]
	case *expr.Immediate:
		d.regs[e.Register] = operand{text: "value", value: e.Data}
	case *expr.Cmp:
		d.compare(e)
	case *expr.Range:
		o := d.regs[e.Register]
		d.say("%s %s%s-%s", o.name(), negation(e.Op), o.show(e.FromData), o.show(e.ToData))
	case *expr.Lookup:
		not := ""
		if e.Invert {
			not = "!= "
		}
		d.say("%s %s@%s", d.regs[e.SourceRegister].name(), not, e.SetName)
	default:
		d.act(e)
	}
}

// act takes what does something with a packet.
func (d *decompiler) act(e expr.Any) {
	switch e := e.(type) {
	case *expr.Verdict:
		d.say("%s", verdict(e))
	case *expr.Counter:
		d.say("counter packets %d bytes %d", e.Packets, e.Bytes)
	case *expr.Log:
		d.say("log")
		if len(e.Data) > 0 {
			d.say("prefix %q", strings.TrimRight(string(e.Data), "\x00"))
		}
	case *expr.Limit:
		d.limit(e)
	case *expr.Masq:
		d.say("masquerade")
	case *expr.Redir:
		d.say("redirect")
		if e.RegisterProtoMin != 0 {
			d.say("to :%s", d.port(e.RegisterProtoMin))
		}
	case *expr.NAT:
		d.nat(e)
	case *expr.Notrack:
		d.say("notrack")
	case *expr.Reject:
		d.say("reject")
		if e.Type == unix.NFT_REJECT_TCP_RST {
			d.say("with tcp reset")
		}
	case *expr.Match:
		d.say("xt match %q", e.Name)
	case *expr.Target:
		d.say("xt target %q", e.Name)
	case *expr.Objref:
		d.say("<object %s>", e.Name)
	case *expr.Dynset:
		d.say("add @%s { %s }", e.SetName, d.regs[e.SrcRegKey].name())
	default:
		d.say("<%s>", strings.ToLower(strings.TrimPrefix(fmt.Sprintf("%T", e), "*expr.")))
	}
}

func (d *decompiler) compare(e *expr.Cmp) {
	o := d.regs[e.Register]
	op := map[expr.CmpOp]string{
		expr.CmpOpNeq: "!= ", expr.CmpOpLt: "< ", expr.CmpOpLte: "<= ", expr.CmpOpGt: "> ", expr.CmpOpGte: ">= ",
	}[e.Op]
	if from, is := d.atLeast(o); is && e.Op == expr.CmpOpLte {
		d.words[len(d.words)-1] = fmt.Sprintf("%s %s-%s", o.name(), from, o.show(e.Data))
		return
	}
	zero := !slices.ContainsFunc(e.Data, func(b byte) bool { return b != 0 })
	switch bits, isPrefix := prefixLength(o.mask); {
	case o.mask == nil:
		d.say("%s %s%s", o.name(), op, o.show(e.Data))
	case e.Op == expr.CmpOpNeq && zero: // any of these bits
		d.say("%s %s", o.name(), o.show(o.mask))
	case isPrefix && len(e.Data) >= 4:
		d.say("%s %s%s/%d", o.name(), op, o.show(e.Data), bits)
	case strings.HasSuffix(o.text, "flags"):
		d.say("%s %s%s / %s", o.name(), op, o.show(e.Data), o.show(o.mask))
	default:
		d.say("%s & %s %s%s", o.name(), o.show(o.mask), orEquals(op), o.show(e.Data))
	}
	if o.note != nil && e.Op == expr.CmpOpEq {
		d.implied = len(d.words) - 1
		o.note(d, e.Data)
	}
}

// atLeast returns what the condition just before compares the operand with, if that
// is the lower end of a range.
func (d *decompiler) atLeast(o operand) (from string, is bool) {
	if len(d.words) == 0 || o.mask != nil {
		return "", false
	}
	return strings.CutPrefix(d.words[len(d.words)-1], o.name()+" >= ")
}

func orEquals(op string) string {
	if op == "" {
		return "== "
	}
	return op
}

func negation(op expr.CmpOp) string {
	if op == expr.CmpOpNeq {
		return "!= "
	}
	return ""
}

// imply takes back the condition before, which a name such as 'tcp dport' says
// again.
func (d *decompiler) imply() {
	if d.implied >= 0 {
		d.words[d.implied] = ""
		d.implied = -1
	}
}

func (o operand) name() string {
	if o.text == "" {
		return "<unknown>"
	}
	return o.text
}

func (o operand) show(data []byte) string {
	if o.format == nil {
		return fmt.Sprintf("0x%x", data)
	}
	return o.format(data)
}

// constant shows what an immediate has put into a register.
func (d *decompiler) constant(reg uint32) string {
	o, known := d.regs[reg]
	if !known || o.value == nil {
		return o.name()
	}
	return hostNumber(o.value)
}

func (d *decompiler) port(reg uint32) string {
	if value := d.regs[reg].value; len(value) >= 2 {
		return bigNumber(value[:2])
	}
	return d.regs[reg].name()
}

func (d *decompiler) nat(e *expr.NAT) {
	verb := "snat"
	if e.Type == expr.NATTypeDestNAT {
		verb = "dnat"
	}
	if d.family == nft.TableFamilyINet && e.Family == unix.NFPROTO_IPV4 {
		verb += " ip"
	} else if d.family == nft.TableFamilyINet {
		verb += " ip6"
	}
	to := ""
	if e.RegAddrMin != 0 {
		to = address(d.regs[e.RegAddrMin].value)
	}
	if e.RegProtoMin != 0 {
		if strings.Contains(to, ":") {
			to = "[" + to + "]"
		}
		to += ":" + d.port(e.RegProtoMin)
	}
	d.say("%s to %s", verb, to)
}

func (d *decompiler) limit(e *expr.Limit) {
	over, what := "", ""
	if e.Over {
		over = "over "
	}
	if e.Type == expr.LimitTypePktBytes {
		what = " bytes"
	}
	unit := map[expr.LimitTime]string{
		expr.LimitTimeSecond: "second", expr.LimitTimeMinute: "minute", expr.LimitTimeHour: "hour",
		expr.LimitTimeDay: "day", expr.LimitTimeWeek: "week",
	}[e.Unit]
	d.say("limit rate %s%d%s/%s", over, e.Rate, what, unit)
	if e.Type == expr.LimitTypePkts && e.Burst != usualBurst {
		d.say("burst %d packets", e.Burst)
	}
}

// usualBurst is what nft(8) sets, and leaves unsaid.
const usualBurst = 5

func verdict(v *expr.Verdict) string {
	switch v.Kind {
	case expr.VerdictAccept:
		return "accept"
	case expr.VerdictDrop:
		return "drop"
	case expr.VerdictReturn:
		return "return"
	case expr.VerdictContinue:
		return "continue"
	case expr.VerdictQueue:
		return "queue"
	case expr.VerdictJump:
		return "jump " + v.Chain
	case expr.VerdictGoto:
		return "goto " + v.Chain
	}
	return fmt.Sprintf("<verdict %d>", v.Kind)
}

// How values look: texts end with NULs, numbers are in the order of the machine or
// of the network.
func quoted(data []byte) string { return strconv.Quote(string(bytes.TrimRight(data, "\x00"))) }

func hostNumber(data []byte) string {
	switch len(data) {
	case 1:
		return strconv.Itoa(int(data[0]))
	case 2:
		return strconv.Itoa(int(binary.NativeEndian.Uint16(data)))
	case 4:
		return strconv.FormatUint(uint64(binary.NativeEndian.Uint32(data)), 10)
	}
	return fmt.Sprintf("0x%x", data)
}

func bigNumber(data []byte) string {
	if len(data) > 8 {
		return fmt.Sprintf("0x%x", data)
	}
	var n uint64
	for _, b := range data {
		n = n<<8 | uint64(b)
	}
	return strconv.FormatUint(n, 10)
}

func address(data []byte) string {
	a, ok := netip.AddrFromSlice(data)
	if !ok {
		return fmt.Sprintf("0x%x", data)
	}
	return a.String()
}

// prefixLength tells how many bits a mask begins with, if all others are zero.
func prefixLength(mask []byte) (bits int, ok bool) {
	for i, b := range mask {
		for bit := 7; bit >= 0; bit-- {
			switch set := b>>bit&1 == 1; {
			case set && bits < i*8+7-bit:
				return 0, false
			case set:
				bits++
			}
		}
	}
	return bits, bits > 0
}
