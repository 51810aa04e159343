package loginui

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// words says texts of the catalogue in one language, and keeps the first error for the end.
type words struct {
	texts       catalogue
	lang, brand string
	err         error
}

func (u *UI) wordsFor(r *http.Request) *words {
	return &words{texts: u.texts, lang: languageOf(r, ""), brand: u.Brand.Name}
}

// say returns a text. pairs is name, value, name, value …
func (s *words) say(key string, pairs ...string) string {
	text, err := s.texts.text(s.lang, key, append(pairs, "brand", s.brand)...)
	if err != nil && s.err == nil {
		s.err = err
	}
	return text
}

// counted is say for a text that has a form for one and a form for more.
func (s *words) counted(key string, n int, pairs ...string) string {
	if n == 1 {
		return s.say(key+".one", pairs...)
	}
	return s.say(key+".many", append(pairs, "n", strconv.Itoa(n))...)
}

// days is how long ago is said in days; then it is a date.
const days = 30

// when says how long ago t was. That does not depend on where the person is; a date is that of Greenwich.
func (s *words) when(t time.Time) string {
	const day = 24 * time.Hour
	switch d := time.Since(t); {
	case d < time.Minute:
		return s.say("when.now")
	case d < time.Hour:
		return s.counted("when.minutes", int(d/time.Minute))
	case d < day:
		return s.counted("when.hours", int(d/time.Hour))
	case d < days*day:
		return s.counted("when.days", int(d/day))
	}
	return t.UTC().Format(s.say("when.date"))
}

// browser names a browser by its User-Agent (RFC 9110 §10.1.5), in plain words, and says whether it is a phone. None of the header's own words is
// shown: it says what it likes.
func (s *words) browser(userAgent string) (name string, phone bool) {
	name, system := firstIn(userAgent, browserMarks()), firstIn(userAgent, systemMarks())
	phone = system == "iPhone" || system == "Android" && strings.Contains(userAgent, "Mobile")
	switch {
	case name != "" && system != "":
		name = s.say("account.session.name", "browser", name, "system", system)
	case name == "" && system != "":
		name = s.say("account.session.system", "system", system)
	case name == "":
		name = s.say("account.session.unknown")
	}
	return name, phone
}

// mark is a part of a User-Agent header and what it stands for.
type mark struct{ part, name string }

// browserMarks has the more special first: nearly all of them claim to be Chrome or Safari too.
func browserMarks() []mark {
	return []mark{
		{"KAKAOTALK", "KakaoTalk"},
		{"NAVER(", "NAVER"},
		{"Whale/", "Whale"},
		{"SamsungBrowser/", "Samsung Internet"},
		{"EdgiOS/", "Edge"},
		{"EdgA/", "Edge"},
		{"Edg/", "Edge"},
		{"OPR/", "Opera"},
		{"Vivaldi/", "Vivaldi"},
		{"FxiOS/", "Firefox"},
		{"Firefox/", "Firefox"},
		{"CriOS/", "Chrome"},
		{"Chrome/", "Chrome"},
		{"Safari/", "Safari"},
	}
}

func systemMarks() []mark {
	return []mark{
		{"iPhone", "iPhone"},
		{"iPad", "iPad"},
		{"Android", "Android"},
		{"Windows", "Windows"},
		{"Macintosh", "Mac"},
		{"CrOS", "ChromeOS"},
		{"Linux", "Linux"},
	}
}

func firstIn(s string, marks []mark) string {
	for _, m := range marks {
		if strings.Contains(s, m.part) {
			return m.name
		}
	}
	return ""
}
