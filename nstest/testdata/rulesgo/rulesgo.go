// SPDX-License-Identifier: Apache-2.0

// Package rulesgo does to tests what the main function does that Bazel's rules_go gives a test binary
// (testsInShard of go/tools/builders/generate_test_main.go, in 0.65).
package rulesgo

import (
	"os"
	"reflect"
	"strconv"
	"testing"
)

// DealOut leaves those test functions of m in it that are of this shard, before anything else reads them, if SUITE_RULES_GO is set.
func DealOut(m *testing.M) {
	totalShards, err := strconv.Atoi(os.Getenv("TEST_TOTAL_SHARDS"))
	if os.Getenv("SUITE_RULES_GO") == "" || err != nil || totalShards <= 1 {
		return
	}
	if err := os.WriteFile(os.Getenv("TEST_SHARD_STATUS_FILE"), nil, 0o600); err != nil {
		panic(err)
	}
	shardIndex, err := strconv.Atoi(os.Getenv("TEST_SHARD_INDEX"))
	if err != nil || shardIndex < 0 {
		return
	}
	all := (*[]testing.InternalTest)(reflect.ValueOf(m).Elem().FieldByName("tests").Addr().UnsafePointer())
	tests := []testing.InternalTest{}
	for i, t := range *all {
		if i%totalShards == shardIndex {
			tests = append(tests, t)
		}
	}
	*all = tests
}
