// Package config is the operator's configuration: defaults, then a YAML file, then SYMBOLON_… environment variables.
//
// Load reads all three and reports every mistake at once, each with its place. No message ever repeats a value, because any value may turn
// out to be a secret in the wrong line. Reference prints every key, from the same struct tags that Load reads. The package opens nothing but
// the files that the configuration names; it knows no database, no key and no handler.
//
// Read config.go for the keys, decode.go for the file, environment.go for the variables, validate.go and upstream.go for the rules.
package config
