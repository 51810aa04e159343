package config

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

func TestSecretsNeverShow(t *testing.T) {
	c, err := load(t, `issuer: https://id.example.com
database: postgres://u:hush-1@db.example/s?sslpassword=hush-2
secrets: [hush-3-hush-3-hush-3-hush-3-hush-3-hush-3]
upstreams: [{ id: g, type: google, client_id: c, client_secret: hush-4 }]
`)
	if err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	logger := slog.New(slog.NewJSONHandler(&log, nil))
	logger.Info("config", "all", c, "database", c.Database, "secrets", c.Secrets, "upstream", c.Upstreams[0])
	data, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	shown := log.String() + string(data)
	for _, verb := range []string{"%v", "%+v", "%#v", "%d", "%s", "%q", "%x"} {
		shown += fmt.Sprintf(verb, c) + fmt.Sprintf(verb, *c) + fmt.Sprintf(verb, c.Database) + fmt.Sprintf(verb, c.Secrets[0])
	}
	if strings.Contains(shown, "hush") || strings.Contains(shown, fmt.Sprintf("%x", "hush")) {
		t.Errorf("a secret shows: %s", shown)
	}
	if !strings.Contains(c.Database.String(), "postgres://u:xxxxx@db.example/s") {
		t.Errorf("database shows as %s", c.Database)
	}
}

func TestTwins(t *testing.T) {
	two := write(t, "two", "one\ntwo\n")
	empty := write(t, "empty", "\n")
	url := write(t, "url", "postgres://u:hush@h/db\n")
	root := write(t, "root", secretText+"\n")
	head := "issuer: https://id.example.com\n"
	for text, want := range map[string]string{
		head + "database_file: " + url + "\nsecrets_file: " + root: "",
		head + "database_file: " + two:                             "the file must hold one line, and has 2",
		head + "database_file: " + root:                            "its line must be sqlite:PATH or postgres://",
		head + "secrets_file: " + empty:                            "the file is empty",
		head + "secrets_file: " + two:                              "number 1 is shorter than 32 bytes",
		head + "secrets: []":                                       "is empty",
		head + "secrets: [" + secretText + ", " + secretText + "]": "number 2 is there twice",
		head + "secrets: [" + secretText + "]\nsecrets_file: x":    "are both there",
	} {
		_, err := load(t, text)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}

func TestDatabase(t *testing.T) {
	for text, ok := range map[string]bool{
		"sqlite:a.db": true, "sqlite:/a/b.db": true, "postgres://u:p@h/db": true, "postgresql://h": true, "postgres:///db?host=/run/postgresql": true,
		"sqlite:": false, "sqlite://a.db": false, "sqlite::memory:": false, "sqlite:a.db?mode=ro": false, "sqlite:file:a": false, "a.db": false,
		"mysql://h/db": false, "postgres:db": false, "postgres:///db": false, "postgres://u:%zz@h/db": false,
	} {
		var d Database
		if err := d.UnmarshalText([]byte(text)); (err == nil) != ok {
			t.Errorf("%s: %v", text, err)
		}
	}
}
