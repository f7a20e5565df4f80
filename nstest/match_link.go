// SPDX-License-Identifier: Apache-2.0

package nstest

import (
	"fmt"
	"slices"

	"github.com/onsi/gomega/types"
	"github.com/seed-1bc5c4a2/gonso/nstest/internal/rtnl"
	"github.com/vishvananda/netlink"
)

type haveLink struct {
	whileOpen
	name string
	found
}

func (m *haveLink) Match(actual any) (success bool, err error) {
	err = withNetlink("HaveLink", actual, func(nl *netlink.Handle) error {
		m.again()
		list, err := nl.LinkList()
		if err != nil {
			return err
		}
		for _, link := range list {
			a := link.Attrs()
			if a.Name != m.name && !slices.Contains(a.AltNames, m.name) {
				if !rtnl.UnusedFallback(a.Name, link.Type(), a.RawFlags) {
					m.others = append(m.others, showLink(link))
				}
			} else if err := m.offer(link, showLink(link)); err != nil {
				return err
			}
		}
		return nil
	})
	return err == nil && m.success(), err
}

func (m *haveLink) FailureMessage(actual any) string {
	return m.failureMessage(actual, "link "+m.name)
}

func (m *haveLink) NegatedFailureMessage(actual any) string {
	return m.negatedFailureMessage(actual, "link "+m.name)
}

// showLink puts into a line what the matchers of links are about.
func showLink(link netlink.Link) string {
	text := fmt.Sprintf("%s: %s, MTU %v", link.Attrs().Name, link.Type(), linkMTU(link))
	if mac := linkMAC(link); mac != "" {
		text += fmt.Sprintf(", %s", mac)
	}
	return fmt.Sprintf("%s, %s", text, rtnl.StateOf(link.Attrs().RawFlags))
}

type beUp struct{ ofValue }

func (m *beUp) Match(actual any) (success bool, err error) {
	link, err := linkOf("BeUp", actual)
	if err != nil {
		return false, err
	}
	return rtnl.StateOf(link.Attrs().RawFlags) == rtnl.Up, nil
}

func (m *beUp) FailureMessage(actual any) string {
	return fmt.Sprintf("Expected link\n%s\nto be up", lines([]string{showLink(actual.(netlink.Link))}))
}

func (m *beUp) NegatedFailureMessage(actual any) string {
	return fmt.Sprintf("Expected link\n%s\nnot to be up", lines([]string{showLink(actual.(netlink.Link))}))
}

// A linkProperty matches one thing about a link.
type linkProperty struct {
	ofValue
	matcher, name string
	of            func(netlink.Link) any
	want          any
}

func linkMTU(l netlink.Link) any  { return l.Attrs().MTU }
func linkMAC(l netlink.Link) any  { return l.Attrs().HardwareAddr.String() }
func linkType(l netlink.Link) any { return l.Type() }

func (m *linkProperty) Match(actual any) (success bool, err error) {
	link, err := linkOf(m.matcher, actual)
	if err != nil {
		return false, err
	}
	is := m.of(link)
	if _, ok := m.want.(types.GomegaMatcher); !ok && fmt.Sprintf("%T", m.want) != fmt.Sprintf("%T", is) {
		return false, unexpected(m.matcher, fmt.Sprintf("a wanted %s of type %T, or a matcher", m.name, is), m.want)
	}
	return asMatcher(m.want).Match(is)
}

func (m *linkProperty) FailureMessage(actual any) string {
	link := actual.(netlink.Link)
	return m.intro(link) + asMatcher(m.want).FailureMessage(m.of(link))
}

func (m *linkProperty) NegatedFailureMessage(actual any) string {
	link := actual.(netlink.Link)
	return m.intro(link) + asMatcher(m.want).NegatedFailureMessage(m.of(link))
}

func (m *linkProperty) intro(link netlink.Link) string {
	return fmt.Sprintf("Wrong %s of link\n%s\n", m.name, lines([]string{showLink(link)}))
}

func linkOf(matcher string, actual any) (netlink.Link, error) {
	link, ok := actual.(netlink.Link)
	if !ok || isNil(link) {
		return nil, unexpected(matcher, "a netlink.Link", actual)
	}
	return link, nil
}
