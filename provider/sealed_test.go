package provider

import (
	"encoding/hex"
	"reflect"
	"testing"

	"github.com/fxamacker/cbor/v2"
)

// What one version has sealed, the next one reads: each member has its number for good, and one that a newer version has added is passed over.
func TestSealedFormatsAreForGood(t *testing.T) {
	for name, c := range map[string]struct {
		value any
		text  string // of a member added later, too
	}{
		"code": {
			sealedCode{
				ID: "a", ClientID: "b", AccountID: "c", SessionID: "d", Scopes: "e", Audience: []string{"f"}, RedirectURI: "g", Nonce: "h", Challenge: "i", AuthTime: 1,
				AMR: []string{"j"}, ACR: "k", NeedsConsent: true, DPoPKey: "l", IDTokenClaims: "m", UserInfoClaims: "n", AuthorizationDetails: "o",
			},
			"b201616102616203616304616405616506816166076167086168096169" + "0a010b81616a0c616b0df50e616c0f616d10616e11616f" + "187f6178",
		},
		"interaction": {
			sealedInteraction{
				ID: "a", Browser: []byte("b"), FirstSeenAt: 1, Parameters: "c", Denied: true, AllowedBy: "d", AllowedDetails: "e", Pushed: []byte("f"), Signed: true,
				UserCode: "g", Reauthenticate: true, SelectAccount: true,
			},
			"ad016161024162030104616305f5066164076165" + "08416609f50a61670bf50cf5" + "187f6178",
		},
		"pushed request": {sealedPushedRequest{Parameters: "a", Signed: true, Until: 1}, "a401616102f50301" + "187f6178"},
		"log-out": {
			sealedLogout{ClientID: "a", RedirectURI: "b", State: "c", HasState: true, Unproven: true, Frontchannel: []string{"d"}, UILocales: "e"},
			"a801616102616203616304f505f506816164076165" + "187f6178",
		},
	} {
		raw, err := hex.DecodeString(c.text)
		if err != nil {
			t.Fatal(err)
		}
		got := reflect.New(reflect.TypeOf(c.value))
		if err := cbor.Unmarshal(raw, got.Interface()); err != nil || !reflect.DeepEqual(got.Elem().Interface(), c.value) {
			t.Errorf("%s: %+v, %v", name, got.Elem().Interface(), err)
		}
		for i := range got.Elem().NumField() {
			if got.Elem().Field(i).IsZero() {
				t.Errorf("%s: this test says nothing of %s", name, got.Elem().Type().Field(i).Name)
			}
		}
	}
}
