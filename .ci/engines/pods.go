// SPDX-License-Identifier: Apache-2.0

// Command pods decodes a manifest of a Kubernetes Job and prints what each of its pods runs, for a shell, a line for each.
// It is no part of the module: .ci/engines/kubernetes builds it in one of its own.
package main

import (
	"fmt"
	"io"
	"os"
	"strings"

	batch "k8s.io/api/batch/v1"
	core "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "pods:", err)
		os.Exit(1)
	}
}

func run() error {
	manifest, err := io.ReadAll(os.Stdin)
	if err != nil {
		return err
	}
	var job batch.Job
	if err := yaml.UnmarshalStrict(manifest, &job); err != nil {
		return err
	}
	spec, pod := job.Spec, job.Spec.Template.Spec
	switch {
	case job.APIVersion != "batch/v1" || job.Kind != "Job":
		return fmt.Errorf("it is %s %s, not batch/v1 Job", job.APIVersion, job.Kind)
	case spec.CompletionMode == nil || *spec.CompletionMode != batch.IndexedCompletion || spec.Completions == nil:
		return fmt.Errorf("it is not indexed")
	case pod.RestartPolicy != core.RestartPolicyNever || spec.BackoffLimit == nil || *spec.BackoffLimit != 0:
		return fmt.Errorf("a test that fails would run again")
	case pod.HostUsers == nil || *pod.HostUsers:
		return fmt.Errorf("its pods have the user namespace of their node")
	}
	container := pod.Containers[0]
	for index := range *spec.Completions {
		// The controller adds this variable (kubernetes.io, "Jobs", "Completion mode").
		words := []string{"exec", "env", fmt.Sprintf("JOB_COMPLETION_INDEX=%d", index)}
		for _, v := range container.Env {
			words = append(words, quote(v.Name+"="+v.Value))
		}
		for _, word := range append(container.Command, container.Args...) {
			words = append(words, quote(word))
		}
		fmt.Println(strings.Join(words, " "))
	}
	return nil
}

func quote(word string) string { return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'" }
