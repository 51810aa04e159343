package loginui

import (
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/symbolon-id/symbolon/provider"
	"github.com/symbolon-id/symbolon/provider/web"
)

// maxUserCode is how many characters of a code are shown again in its field.
const maxUserCode = 20

// deviceView is the own part of the page where a device's code is typed.
type deviceView struct {
	Code   string // what stands in the field
	Linked bool   // it came with the link, so the person has yet to compare it
	Notice string // key of what was wrong with the last one; may be empty
}

// deviceConfirmView is the own part of the page where a person decides about a device.
type deviceConfirmView struct {
	Partner   partner
	I         string // the sealed interaction
	Session   string // names the session that the page was made for
	Person    person
	SwitchURL string
	Details   [][]detailPart
	Scopes    []scopeLine
	Code      string
	Ago       string // key of when the device asked; Minutes stands in it
	Minutes   string
	Address   string // where it asked from; may be empty
	Near      bool   // which is the network of this browser
}

// deviceDoneView is the own part of the page that says how it ended.
type deviceDoneView struct {
	Client  string
	Allowed bool
}

// showDevice shows the request of the device whose code was typed; without one, the field for it.
//
// RFC 8628 §3.3.1: a code that came with the link is shown, for the person to compare it, and does nothing by itself.
func (u *UI) showDevice(w http.ResponseWriter, r *http.Request) error {
	if err := readForm(r); err != nil {
		return err
	}
	if r.FormValue("i") == "" {
		code := visible(r.FormValue("user_code"), maxUserCode)
		return u.devicePage(w, r, deviceView{Code: code, Linked: code != ""})
	}
	d, location, err := u.Devices.Device(r)
	switch {
	case err != nil:
		return u.deviceRefused(w, r, err)
	case location != "":
		web.SeeOther(w, location)
		return nil
	}
	return u.confirmDevice(w, r, d)
}

// submitDevice takes a code, or what the person decided. A form that was made for another session is shown again for this one.
func (u *UI) submitDevice(w http.ResponseWriter, r *http.Request) error {
	if err := readForm(r); err != nil {
		return err
	}
	decision := r.PostFormValue("decision")
	if decision == "" {
		return u.takeUserCode(w, r)
	}
	if decision != "allow" && decision != "deny" {
		return &web.PageError{Kind: web.PageBadRequest}
	}
	d, location, err := u.Devices.Device(r)
	switch {
	case err != nil:
		return u.deviceRefused(w, r, err)
	case location != "":
		web.SeeOther(w, location)
		return nil
	case !formIs(r.PostFormValue("session"), d.Session):
		return u.confirmDevice(w, r, d)
	}
	allowed := decision == "allow"
	web.Annotate(r.Context(), "consent", allowed)
	if err := u.Devices.DecideDevice(r.Context(), d, allowed); err != nil {
		return u.deviceRefused(w, r, err)
	}
	lang := languageOf(r, "")
	title, v := "device.denied.title", deviceDoneView{Client: u.clientPartner(d.Client, lang).Name, Allowed: allowed}
	if allowed {
		title = "device.allowed.title"
	}
	return u.render(w, answer{name: "device_done", lang: lang, title: []string{title, "client", v.Client}, page: v})
}

func (u *UI) takeUserCode(w http.ResponseWriter, r *http.Request) error {
	typed := r.PostFormValue("user_code")
	location, err := u.Devices.StartDevice(w, r, typed)
	if errors.Is(err, provider.ErrUserCode) {
		return u.devicePage(w, r, deviceView{Code: visible(typed, maxUserCode), Notice: "device.malformed"})
	}
	if err != nil {
		return pageError(err)
	}
	web.SeeOther(w, location)
	return nil
}

// deviceRefused shows the field again, with what was wrong with the code.
func (u *UI) deviceRefused(w http.ResponseWriter, r *http.Request, err error) error {
	for notice, refusal := range map[string]error{
		"device.unknown": provider.ErrUserCode, "device.expired": provider.ErrUserCodeExpired, "device.used": provider.ErrUserCodeUsed,
	} {
		if errors.Is(err, refusal) {
			return u.devicePage(w, r, deviceView{Notice: notice})
		}
	}
	return pageError(err)
}

func (u *UI) devicePage(w http.ResponseWriter, r *http.Request, v deviceView) error {
	a := answer{name: "device", lang: languageOf(r, ""), title: []string{"device.title"}, page: v}
	if v.Notice != "" {
		a.status = http.StatusBadRequest
		web.Annotate(r.Context(), "notice", v.Notice)
	}
	for _, info := range u.Upstreams.Infos() { // the way from this form may lead there
		a.targets = append(a.targets, info.Origins...)
	}
	return u.render(w, a)
}

// confirmDevice asks the person, however the code got here (RFC 8628 §3.3). The page names the code, what asks and from where, and warns of codes that
// somebody else has sent (RFC 8628 §5.4).
func (u *UI) confirmDevice(w http.ResponseWriter, r *http.Request, d *provider.DeviceRequest) error {
	who, err := u.Accounts.Account(r.Context(), d.Session.AccountID)
	if err != nil {
		return unavailable(err)
	}
	lang, sealed := languageOf(r, ""), r.FormValue("i")
	v := deviceConfirmView{
		Partner: u.clientPartner(d.Client, lang), I: sealed, Session: formOf(d.Session), Person: personOf(who), SwitchURL: loginURL(sealed, "switch", "1"),
		Details: detailLines(d.Details, lang), Scopes: u.scopeLines(lang, d.Scopes, who), Code: d.UserCode, Address: d.Address, Near: d.Near,
	}
	v.Ago, v.Minutes = ago(time.Since(d.CreatedAt))
	return u.render(w, answer{
		name: "device_confirm", lang: lang, title: []string{"device.confirm.title", "client", v.Partner.Name}, page: v,
	})
}

// ago returns the key of the words for a time that has passed, in whole minutes: those do not depend on where the person is.
func ago(d time.Duration) (key, minutes string) {
	switch n := int(d / time.Minute); {
	case n < 1:
		return "device.now", ""
	case n == 1:
		return "device.minute", ""
	default:
		return "device.minutes", strconv.Itoa(n)
	}
}
