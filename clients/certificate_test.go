package clients

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"testing"
)

func certificateFor(t *testing.T, subject pkix.Name) *x509.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: subject}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

// RFC 8705 §2.1.2, RFC 4514: a subject is the registered one in any of its spellings, and nothing that only looks like it.
func TestCertificateSubject(t *testing.T) {
	cert := certificateFor(t, pkix.Name{
		Country: []string{"KR"}, Organization: []string{`Sue, Grabbit + "Runn"`}, OrganizationalUnit: []string{"Ops"}, CommonName: "앱",
		ExtraNames: []pkix.AttributeTypeAndValue{{Type: asn1.ObjectIdentifier{2, 5, 4, 5}, Value: "7"}},
	})
	client := func(dn string) *Client {
		return &Client{Metadata: Metadata{TokenEndpointAuthMethod: AuthMethodTLS, TLSClientAuthSubjectDN: dn}}
	}
	for _, dn := range []string{
		cert.Subject.String(), `SERIALNUMBER=7,CN=앱,OU=Ops,O=Sue\, Grabbit \+ \"Runn\",C=KR`, `serialNumber=7, cn=\EC\95\B1, ou=Ops, o=Sue\2C Grabbit \2B \22Runn\22, c=KR`, `2.5.4.5=7,2.5.4.3=앱,2.5.4.11=Ops,2.5.4.10=Sue\, Grabbit \+ \"Runn\",2.5.4.6=KR`,
	} {
		if !client(dn).CertificateAllowed(cert) {
			t.Errorf("%s is not the subject %s", dn, cert.Subject)
		}
	}
	for _, dn := range []string{
		"", "CN=앱", `C=KR,O=Sue\, Grabbit \+ \"Runn\",OU=Ops,CN=앱,SERIALNUMBER=7`, `SERIALNUMBER=7,CN=앱,OU=Ops,O=Sue\, Grabbit \+ \"Runn\",C=kr`, `SERIALNUMBER=7+CN=앱,OU=Ops,O=Sue\, Grabbit \+ \"Runn\",C=KR`, `SERIALNUMBER=7,CN=앱,OU=Ops,O=Sue\, Grabbit \+ \"Runn\",C=KR,`,
		`SERIALNUMBER=7,CN=앱,OU=Ops,O=Sue\, Grabbit \+ \"Runn\",C=KR,DC=x`,
	} {
		if client(dn).CertificateAllowed(cert) {
			t.Errorf("%s is the subject %s", dn, cert.Subject)
		}
	}
	for _, dn := range []string{"", ",", "CN", "CN=", "=x", "XX=x", "CN=#0401", `CN=a\`, `CN=a\z`, `CN=a"b`, "CN=a;b", "CN=\xff", "1.2=", "CN=a,,O=b", `CN=\FF`} {
		if name, reason := parseDN(dn); reason == "" {
			t.Errorf("%q is read as %v", dn, name)
		}
	}
	if name, reason := parseDN(`CN=a\ ,O=b\\`); reason != "" || name[0][0] != "2.5.4.3=a " || name[1][0] != `2.5.4.10=b\` {
		t.Errorf("escapes at the end: %q, %s", name, reason)
	}
	// Nothing registered, nothing allowed; an empty subject is nobody's.
	for _, c := range []*x509.Certificate{cert, certificateFor(t, pkix.Name{})} {
		if client("").CertificateAllowed(c) {
			t.Error("a client without a subject takes any certificate")
		}
	}
}

// A distinguished name comes from whoever registers a client.
func FuzzParseDN(f *testing.F) {
	for _, s := range []string{"CN=a,O=b", `CN=a\,b+OU=c`, `CN=\EC\95\B1`, `CN=a\ `, "1.2.3=x", `CN=\`, `CN=#04`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		name, reason := parseDN(s)
		if (reason == "") != (len(name) > 0) {
			t.Errorf("%q: %v, %s", s, name, reason)
		}
		for _, attributes := range name {
			if len(attributes) == 0 {
				t.Errorf("%q has an element without attributes", s)
			}
		}
	})
}
