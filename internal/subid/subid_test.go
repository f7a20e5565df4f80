// SPDX-License-Identifier: Apache-2.0

package subid_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/seed-1bc5c4a2/gonso/internal/subid"
)

// file makes one with these lines.
func file(t *testing.T, lines ...string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "subuid")
	if err := os.WriteFile(name, []byte(strings.Join(lines, "\n")), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestRangesAreThoseOfTheUserInOrder(t *testing.T) {
	names := []string{"1000", "anna"}
	for what, c := range map[string]struct {
		lines []string
		want  []subid.Range
	}{
		"by name":         {[]string{"anna:100000:65536"}, []subid.Range{{100000, 65536}}},
		"by number":       {[]string{"1000:100000:65536", ""}, []subid.Range{{100000, 65536}}},
		"several":         {[]string{"anna:300000:10", "bert:200000:65536", "1000:100000:1"}, []subid.Range{{300000, 10}, {100000, 1}}},
		"blanks around":   {[]string{" anna:100000:65536\t"}, []subid.Range{{100000, 65536}}},
		"one that begins": {[]string{"annabel:1:2", "10000:1:2", "anna:3:4"}, []subid.Range{{3, 4}}},
		"after a broken":  {[]string{"anna", "anna:", "anna:1", "anna:x:1", "anna:1:x", "anna:-1:1", "anna:1:0", "anna:1:1:1", "anna:3:4"}, []subid.Range{{3, 4}}},
	} {
		ranges, err := subid.Ranges(file(t, c.lines...), names)
		if err != nil || !slices.Equal(ranges, c.want) {
			t.Errorf("%s: %v, %v, want %v", what, ranges, err, c.want)
		}
	}
}

func TestNothingGrantedIsSaidByFileAndUser(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "none")
	broken := file(t, "anna:100000", "bert:1:2")
	others := file(t, "bert:1:2")
	for name, want := range map[string]string{
		missing: missing + " grants no range to anna: file does not exist",
		others:  others + " grants no range to anna: file does not exist",
		broken:  broken + ` grants no range to anna: "anna:100000" is not of the form anna:100000:65536: file does not exist`,
	} {
		ranges, err := subid.Ranges(name, []string{"1000", "anna"})
		if ranges != nil || !errors.Is(err, os.ErrNotExist) || err.Error() != want {
			t.Errorf("%v, %v, want %s", ranges, err, want)
		}
	}
}

func TestAFileThatCannotBeReadIsAnError(t *testing.T) {
	if _, err := subid.Ranges(t.TempDir(), []string{"1000"}); err == nil || errors.Is(err, os.ErrNotExist) {
		t.Errorf("a folder: %v", err)
	}
}

func TestGrantGivesWhatNobodyHasWhereItIsMissing(t *testing.T) {
	users := file(t, "bert:100000:65536", "carl:400000:10", "dora:x:y", "system:1:5")
	groups := file(t, "bert:500000:65536", "anna:1:1")
	if got, want := subid.Grant([]string{"1000", "anna"}, users, groups), "echo anna:565536:65536 | sudo tee -a "+users; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	none := filepath.Join(t.TempDir(), "none")
	if got, want := subid.Grant([]string{"1000"}, none, none), "echo 1000:100000:65536 | sudo tee -a "+none+" "+none; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestWhoHasIDsNeedsNoGrant(t *testing.T) {
	name := file(t, "anna:100000:65536")
	if got := subid.Grant([]string{"1000", "anna"}, name, name); got != "" {
		t.Errorf("%q", got)
	}
}

func TestUsersAreNamedByNumberFirst(t *testing.T) {
	if names, want := subid.Names(0), []string{"0", "root"}; !slices.Equal(names, want) {
		t.Errorf("%q, want %q", names, want)
	}
	if names, want := subid.Names(54321), []string{"54321"}; !slices.Equal(names, want) { // no machine has such a user
		t.Errorf("%q, want %q", names, want)
	}
}

func TestMapsBeginWithTheUserAndGoOnWithTheRanges(t *testing.T) {
	granted := file(t, "anna:100000:10", "bert:1:2", "anna:300000:5")
	maps, err := subid.Maps(granted, []string{"anna"}, 1000)
	want := []subid.Map{{ContainerID: 0, HostID: 1000, Size: 1}, {ContainerID: 1, HostID: 100000, Size: 10}, {ContainerID: 11, HostID: 300000, Size: 5}}
	if err != nil || !slices.Equal(maps, want) {
		t.Errorf("%v, %v, want %v", maps, err, want)
	}
	if got := strings.Join(subid.Args(42, maps), " "); got != "42 0 1000 1 1 100000 10 11 300000 5" {
		t.Errorf("newuidmap %s", got)
	}
	if maps, err := subid.Maps(granted, []string{"carl"}, 1000); maps != nil || !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%v, %v of who has none", maps, err)
	}
}
