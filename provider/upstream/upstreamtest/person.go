package upstreamtest

import (
	"strings"
	"unicode"
)

// Person is somebody with an account at a simulated upstream.
type Person struct {
	Key           string // short name; part of the element id "person-{key}"
	Subject       string // Google's sub, Facebook's app-scoped id
	Name          string
	GivenName     string
	FamilyName    string
	Email         string // empty: the account has none
	EmailVerified bool   // Google only
	HostedDomain  string // Google only: the Workspace domain
	NoPicture     bool   // Google: no picture claim; Facebook: the silhouette
	Locale        string // Google only; rarely sent today
}

// GooglePeople returns the accounts of the simulated Google.
func GooglePeople() []Person {
	return []Person{
		{Key: "ada", Subject: "110248495921238986420", Name: "Ada Lovelace", GivenName: "Ada", FamilyName: "Lovelace", Email: "ada.lovelace@gmail.com", EmailVerified: true},
		{Key: "grace", Subject: "103547991597142817347", Name: "Grace Hopper", GivenName: "Grace", FamilyName: "Hopper", Email: "grace@navy.example", EmailVerified: true, HostedDomain: "navy.example"},
		{Key: "minji", Subject: "117203944822019473365", Name: "김민지", GivenName: "민지", FamilyName: "김", Email: "minji.kim@gmail.com", EmailVerified: true, Locale: "ko"},
		{Key: "alan", Subject: "101882746538291046587", Name: "Alan Turing", GivenName: "Alan", FamilyName: "Turing", Email: "alan@bletchley.example", EmailVerified: true},
		{Key: "mallory", Subject: "114738291047365829104", Name: "Mallory Doubt", GivenName: "Mallory", FamilyName: "Doubt", Email: "ada.lovelace@books.example"},
		{Key: "edsger", Subject: "108264739105827364910", Name: "Edsger Dijkstra", GivenName: "Edsger", FamilyName: "Dijkstra", Email: "edsger@gmail.com", EmailVerified: true, NoPicture: true},
		{Key: "long", Subject: "112938475610293847561", Name: longName(), GivenName: "Wolfeschlegelsteinhausenbergerdorff", FamilyName: "👩🏽‍🚀 نورة Ångström", Email: "a.very.long.address.that.somebody.really.has@a-very-long-domain-name.example", EmailVerified: true},
	}
}

// FacebookPeople returns the accounts of the simulated Facebook. Ada has the address of Google's Ada; Grace's id does not fit a float64.
func FacebookPeople() []Person {
	return []Person{
		{Key: "ada", Subject: "10158304728163045", Name: "Ada Lovelace", GivenName: "Ada", FamilyName: "Lovelace", Email: "ada.lovelace@gmail.com"},
		{Key: "grace", Subject: "90071992547409931", Name: "Grace Hopper", GivenName: "Grace", FamilyName: "Hopper", Email: "grace.hopper@ships.example"},
		{Key: "jiwoo", Subject: "122103847564738291", Name: "박지우", GivenName: "지우", FamilyName: "박"},
		{Key: "linus", Subject: "100004837261594", Name: "Linus Penguin", GivenName: "Linus", FamilyName: "Penguin", Email: "linus@kernel.example", NoPicture: true},
		{Key: "long", Subject: "10220938475610293", Name: longName(), GivenName: "Wolfeschlegelsteinhausenbergerdorff", FamilyName: "👩🏽‍🚀 نورة Ångström", Email: "long.name@names.example"},
	}
}

func longName() string {
	return strings.Repeat("Wolfeschlegelsteinhausenbergerdorff ", 8) + "👩🏽‍🚀 نورة Ångström"
}

// Initials are what the simulated portrait shows: the first letters of the first and the last word of the name.
func (p Person) Initials() string {
	words := strings.Fields(p.Name)
	if len(words) > 2 {
		words = []string{words[0], words[len(words)-1]}
	}
	var initials []rune
	for _, word := range words {
		for _, r := range word {
			if unicode.IsLetter(r) {
				initials = append(initials, r)
				break
			}
		}
	}
	return string(initials)
}

func find(people []Person, key string) (Person, bool) {
	for _, p := range people {
		if p.Key == key {
			return p, true
		}
	}
	return Person{}, false
}
