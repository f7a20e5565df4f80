// SPDX-License-Identifier: Apache-2.0

package main

import (
	"flag"
	"fmt"
	"slices"
	"strings"
)

func completionVerb() verb {
	return verb{
		name:    "completion",
		args:    "bash|zsh|fish",
		short:   "print what has a shell complete verbs, flags and names of fixtures",
		long:    func() string { return completionLong },
		flags:   func(*flag.FlagSet) action { return completion },
		failure: usageError,
	}
}

const completionLong = `  bash  source <(gonso completion bash)          in ~/.bashrc
  zsh   source <(gonso completion zsh)           in ~/.zshrc, after compinit
  fish  gonso completion fish | source           in ~/.config/fish/config.fish
`

// wordsOf is what the scripts call: it prints the words that may come after those of a command line.
const wordsOf = "words"

// completions has the scripts by shell. After the -- of exec and enter files are completed.
var completions = map[string]string{
	"bash": `_gonso() {
	local words
	words=$(gonso completion words "${COMP_WORDS[@]:1:COMP_CWORD-1}" 2>/dev/null)
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "${COMP_WORDS[COMP_CWORD]}")
}
complete -o bashdefault -o default -F _gonso gonso
`,
	"zsh": `_gonso() {
	local -a found
	found=(${(f)"$(gonso completion words "${(@)words[2,CURRENT-1]}" 2>/dev/null)"})
	compadd -- $found || _files
}
compdef _gonso gonso
`,
	"fish": `complete -c gonso -f -n 'not contains -- -- (commandline -opc); and not __fish_seen_subcommand_from init shard trace'
complete -c gonso -a '(gonso completion words (commandline -opc)[2..] 2>/dev/null)'
`,
}

func completion(args []string) int {
	if len(args) > 0 && args[0] == wordsOf {
		for _, word := range following(args[1:]) {
			fmt.Println(word)
		}
		return 0
	}
	script := ""
	if len(args) == 1 {
		script = completions[args[0]]
	}
	if script == "" {
		printError("completion: %q is none of bash, zsh, fish; try: gonso help completion", strings.Join(args, " "))
		return usageError
	}
	fmt.Print(script)
	return 0
}

// following returns the words that may come next.
func following(before []string) (words []string) {
	if len(before) == 0 || before[0] == helpVerb().name {
		for _, v := range verbs() {
			words = append(words, v.name)
		}
		return words
	}
	v, ok := lookup(before[0])
	if !ok || slices.Contains(before, "--") {
		return nil
	}
	switch v.name {
	case enterVerb.name:
		if len(before) > 1 {
			return []string{"--"}
		}
		for _, e := range entriesOf(readRegister(v.name)) {
			words = append(words, e.Names()...)
		}
	case rmVerb.name, resumeVerb.name:
		for _, e := range entriesOf(readRegister(v.name)) {
			if v.name == rmVerb.name || e.Paused != nil {
				words = append(words, e.Name)
			}
		}
	case completionVerb().name:
		words = []string{"bash", "fish", "zsh"}
	}
	flags := flag.NewFlagSet(v.name, flag.ContinueOnError)
	v.flags(flags)
	flags.VisitAll(func(f *flag.Flag) { words = append(words, "-"+f.Name) })
	return slices.DeleteFunc(words, func(word string) bool { return slices.Contains(before, word) })
}
