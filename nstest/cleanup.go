// SPDX-License-Identifier: Apache-2.0

package nstest

import "testing"

// Cleanup has undo run at the end of tb, which is the fixture's test or a subtest of it, before the fixture is
// closed. It is for changes of the fixture, such as a link that is to be removed. If the test failed, the state
// of its fixtures is read before undo runs, so that the log shows the links as they were. The function that was
// registered last runs first, as with [testing.T.Cleanup]. An error of undo fails tb.
func (f *Fixture) Cleanup(tb testing.TB, undo func() error) {
	needTest(tb, "Fixture.Cleanup")
	tb.Helper()
	in := f.instance(tb)
	if undo == nil {
		tb.Fatalf("nstest: %s: Cleanup: the function is nil", in.Name)
	}
	in.cleanup(tb, undo)
}

func (in *instance) cleanup(tb testing.TB, undo func() error) {
	tb.Helper()
	tb.Cleanup(func() {
		tb.Helper()
		in.NoteFailure()
		if err := undo(); err != nil {
			tb.Errorf("nstest: %s: %v", in.Name, err)
		}
	})
}
