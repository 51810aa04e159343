package provider

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/ory/fosite"

	"github.com/symbolon-id/symbolon/provider/status"
	"github.com/symbolon-id/symbolon/provider/web"
)

// statusClaim says where a token's bit is (Token Status List §6.1).
type statusClaim struct {
	StatusList statusReference `json:"status_list"`
}

type statusReference struct {
	Index int64  `json:"idx"`
	URI   string `json:"uri"`
}

func (p *Provider) statusURI(list int64) string {
	return p.config.Issuer + "/oauth2/status/" + strconv.FormatInt(list, 10)
}

// statusOf returns the status index of the token that is about to be issued: the grant's own, given to it once, or a fresh one for a token that
// no grant stands behind. No write is needed for either, but for one in a thousand.
func (p *Provider) statusOf(ctx context.Context, s *grantSession) (status.Index, error) {
	kind := status.KindToken
	if s.grant.ID != "" {
		if s.grant.Status.List != 0 {
			return s.grant.Status, nil
		}
		if !s.grant.CreatedAt.IsZero() {
			return status.Index{}, nil // made before there were status lists
		}
		kind = status.KindGrant
	}
	i, err := p.indexes.Next(ctx, kind)
	if err != nil {
		return status.Index{}, &fault{err}
	}
	s.grant.Status = i
	return i, nil
}

func (p *Provider) statusClaim(i status.Index) *statusClaim {
	if i.List == 0 {
		return nil
	}
	return &statusClaim{StatusList: statusReference{Index: i.Bit, URI: p.statusURI(i.List)}}
}

// statusIndex returns the index that a claim of ours names; ok is false when there is none.
func (p *Provider) statusIndex(c *statusClaim) (i status.Index, ok bool) {
	if c == nil {
		return status.Index{}, false
	}
	text, found := strings.CutPrefix(c.StatusList.URI, p.config.Issuer+"/oauth2/status/")
	list, err := strconv.ParseInt(text, 10, 64)
	if !found || err != nil || list < 1 {
		return status.Index{}, false
	}
	return status.Index{List: list, Bit: c.StatusList.Index}, true
}

// newStatusLists wires the allocator and the publisher.
func (p *Provider) newStatusLists() {
	margin := 2 * MaxAccessTokenLifetime
	p.indexes = status.NewAllocator(p.config.Status, map[status.Kind]time.Duration{
		status.KindGrant: p.config.Lifetimes.RefreshToken + margin,
		status.KindToken: margin,
	})
	p.lists = status.NewPublisher(status.PublisherConfig{
		Store: p.config.Status, URI: p.statusURI, TTL: p.config.Lifetimes.StatusList,
		Sign: func(claims []byte) (string, error) {
			key, err := p.config.Keys.Signer(AccessTokenAlgorithm)
			if err != nil {
				return "", err
			}
			return key.Sign("statuslist+jwt", claims)
		},
	})
}

// serveStatusList publishes a status list (Token Status List §8.1). Any cache may keep it until its ttl has passed, counted from when it
// was issued: what a partner gets from a cache is never older than the ttl (Token Status List §8.2).
func (p *Provider) serveStatusList(w http.ResponseWriter, r *http.Request) error {
	list, err := strconv.ParseInt(r.PathValue("list"), 10, 64)
	if err != nil || list < 1 {
		return errNoStatusList
	}
	document, err := p.lists.List(r.Context(), list)
	if errors.Is(err, status.ErrNotFound) {
		return errNoStatusList
	}
	if err != nil {
		return &fault{err}
	}
	left := p.config.Lifetimes.StatusList - time.Since(document.IssuedAt)
	h := w.Header()
	h.Set("Cache-Control", fmt.Sprintf("public, max-age=%d", max(0, int64(left.Seconds()))))
	h.Set("ETag", document.ETag)
	if web.NoneMatch(r, document.ETag) {
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	h.Set("Content-Type", status.MediaType)
	w.Write([]byte(document.JWT))
	return nil
}

// serveStatusLists names all lists, for whoever wants them before the first token names one (Token Status List §9.3).
func (p *Provider) serveStatusLists(w http.ResponseWriter, r *http.Request) error {
	lists, err := p.config.Status.Lists(r.Context(), time.Now())
	if err != nil {
		return &fault{err}
	}
	all := struct {
		StatusLists []string `json:"status_lists"`
	}{[]string{}}
	for _, list := range lists {
		all.StatusLists = append(all.StatusLists, p.statusURI(list))
	}
	w.Header().Set("Cache-Control", "no-store")
	writeJSON(w, http.StatusOK, all)
	return nil
}

var errNoStatusList = &fosite.RFC6749Error{ErrorField: "not_found", DescriptionField: "There is no such status list.", CodeField: http.StatusNotFound}
