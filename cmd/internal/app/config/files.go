package config

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"io"
	"os"
	"path/filepath"
	"strings"
)

const (
	maxSecretFile = 64 << 10
	maxLogo       = 8 << 10 // it travels inside the style sheet of every page
)

// files makes every path absolute and reads the files that the configuration names.
func (l *loader) files(c *Config) {
	if l.twin("database", "database_file") {
		if lines := l.secretLines(&c.DatabaseFile, "database_file", 1); lines != nil {
			if err := c.Database.UnmarshalText([]byte(lines[0])); err != nil {
				l.mistake("database_file", "its line %v", err)
			}
		}
	}
	if c.Database.path != "" {
		c.Database.path = l.absolute("database", c.Database.path)
		c.Database.url = "sqlite:" + c.Database.path
	}
	if l.twin("secrets", "secrets_file") {
		c.Secrets = nil
		for _, line := range l.secretLines(&c.SecretsFile, "secrets_file", maxSecrets) {
			c.Secrets = append(c.Secrets, NewSecret(line))
		}
	}
	for i := range c.Upstreams {
		u, key := &c.Upstreams[i], element("upstreams", i)
		if l.twin(key+".client_secret", key+".client_secret_file") {
			if lines := l.secretLines(&u.ClientSecretFile, key+".client_secret_file", 1); lines != nil {
				u.ClientSecret = NewSecret(lines[0])
			}
		}
	}
	l.jwksFiles(c.TrustedIssuers)
	l.schemaFiles(c.DetailsTypes)
	l.logo(&c.Brand)
	l.certificate(&c.TLS)
	l.clientCAs(&c.ClientCertificates)
}

// twin reports whether a secret is to be read from the file that fileKey names. Of the two keys only one may be written; what the
// environment says goes before what the file says.
func (l *loader) twin(key, fileKey string) bool {
	if !l.written(key) || !l.written(fileKey) {
		return l.written(fileKey)
	}
	inline, file := l.origins[key].variable != "", l.origins[fileKey].variable != ""
	if inline == file {
		l.mistake(fileKey, "and %s are both there: remove one", key)
		return false
	}
	return file
}

// absolute returns path from the folder of the configuration file, or from the working directory when key was written in the environment.
func (l *loader) absolute(key, path string) string {
	if !filepath.IsAbs(path) && l.origins[key].variable == "" {
		path = filepath.Join(filepath.Dir(l.file), path)
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		l.mistake(key, "is a relative path, and the working directory is gone: write an absolute one")
		return path
	}
	return abs
}

// read returns the content of the file that key names, and makes *path absolute. It returns nil after a mistake.
func (l *loader) read(path *string, key string, limit int64) []byte {
	if *path == "" {
		l.mistake(key, "must name a file")
		return nil
	}
	*path = l.absolute(key, *path)
	f, err := os.Open(*path)
	if err != nil {
		l.mistake(key, "the file cannot be read: %v", cause(err))
		return nil
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	switch {
	case err != nil:
		l.mistake(key, "the file cannot be read: %v", cause(err))
	case int64(len(data)) > limit:
		l.mistake(key, "the file is larger than %d KiB", limit>>10)
	case len(data) == 0:
		l.mistake(key, "the file is empty")
	default:
		return data
	}
	return nil
}

// secretLines returns the lines of the file that key names, without blank ones; at most limit. It returns nil after a mistake.
func (l *loader) secretLines(path *string, key string, limit int) []string {
	var lines []string
	data := l.read(path, key, maxSecretFile)
	if data == nil {
		return nil
	}
	for line := range strings.Lines(string(data)) {
		if line = strings.TrimSpace(line); line != "" {
			lines = append(lines, line)
		}
	}
	switch {
	case len(lines) == 0:
		l.mistake(key, "the file is empty")
	case len(lines) > limit && limit == 1:
		l.mistake(key, "the file must hold one line, and has %d", len(lines))
	case len(lines) > limit:
		l.mistake(key, "the file has more than %d lines", limit)
	default:
		return lines
	}
	return nil
}

func (l *loader) logo(b *Brand) {
	if !l.written("brand.logo") || b.Logo == "" {
		return
	}
	data := l.read(&b.Logo, "brand.logo", maxLogo)
	switch {
	case data == nil:
		return
	case bytes.HasPrefix(data, []byte("\x89PNG\r\n\x1a\n")):
		b.LogoType = "image/png"
	case isSVG(data):
		b.LogoType = "image/svg+xml"
	default:
		l.mistake("brand.logo", "the file must be an SVG or PNG image")
		return
	}
	b.LogoData = data
}

// isSVG looks for the element before any text, as browsers do.
func isSVG(data []byte) bool {
	text := bytes.TrimSpace(bytes.TrimPrefix(data, []byte("\xef\xbb\xbf")))
	return bytes.HasPrefix(text, []byte("<")) && bytes.Contains(text, []byte("<svg")) && !bytes.Contains(text, []byte("<html"))
}

func (l *loader) clientCAs(c *ClientCertificates) {
	if !l.written("client_certificates.ca_file") || c.CAFile == "" {
		return
	}
	data := l.read(&c.CAFile, "client_certificates.ca_file", 1<<20)
	if data == nil {
		return
	}
	if c.CAs = x509.NewCertPool(); !c.CAs.AppendCertsFromPEM(data) {
		l.mistake("client_certificates.ca_file", "the file has no PEM certificate")
	}
}

func (l *loader) certificate(t *TLS) {
	if t.CertFile == "" && t.KeyFile == "" {
		return
	}
	if t.CertFile == "" || t.KeyFile == "" {
		l.mistake("tls", "needs both cert_file and key_file")
		return
	}
	cert := l.read(&t.CertFile, "tls.cert_file", 1<<20)
	key := l.read(&t.KeyFile, "tls.key_file", 1<<20)
	if cert == nil || key == nil {
		return
	}
	if _, err := tls.X509KeyPair(cert, key); err != nil {
		l.mistake("tls", "the two files are not a PEM certificate and its private key")
	}
}
