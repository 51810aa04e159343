package clients

import "strings"

// The error codes of RFC 7591 §3.2.2 that a Problem may carry.
const (
	CodeInvalidRedirectURI    = "invalid_redirect_uri"
	CodeInvalidClientMetadata = "invalid_client_metadata"
)

// Problem is one mistake in a client's metadata.
type Problem struct {
	Member string `json:"member"` // name as in RFC 7591 §2; "" for the document as a whole
	Code   string `json:"code"`   // CodeInvalidRedirectURI or CodeInvalidClientMetadata
	Reason string `json:"reason"` // one clause in English: what is wrong and what would be right
}

// MetadataError holds every mistake that was found, not only the first.
type MetadataError struct {
	Problems []Problem
}

// Error lists the mistakes in one line and says what to do.
func (e *MetadataError) Error() string {
	var b strings.Builder
	b.WriteString("client metadata: ")
	for i, p := range e.Problems {
		if i > 0 {
			b.WriteString("; ")
		}
		if p.Member != "" {
			b.WriteString(p.Member)
			b.WriteByte(' ')
		}
		b.WriteString(p.Reason)
	}
	if len(e.Problems) == 1 {
		b.WriteString(": correct it and try again")
	} else {
		b.WriteString(": correct them and try again")
	}
	return b.String()
}

// Code returns the RFC 7591 §3.2.2 code for the whole answer: invalid_redirect_uri when nothing else is wrong.
func (e *MetadataError) Code() string {
	for _, p := range e.Problems {
		if p.Code != CodeInvalidRedirectURI {
			return CodeInvalidClientMetadata
		}
	}
	return CodeInvalidRedirectURI
}

// problems collects mistakes. The zero value is ready.
type problems []Problem

func (p *problems) add(member, reason string) {
	p.addCode(member, CodeInvalidClientMetadata, reason)
}

func (p *problems) addURI(member, reason string) {
	p.addCode(member, CodeInvalidRedirectURI, reason)
}

// maxProblems bounds an answer whose length somebody else chooses.
const maxProblems = 100

func (p *problems) addCode(member, code, reason string) {
	if len(*p) < maxProblems {
		*p = append(*p, Problem{Member: member, Code: code, Reason: reason})
	}
}

// err returns nil when nothing was collected.
func (p problems) err() error {
	if len(p) == 0 {
		return nil
	}
	return &MetadataError{Problems: p}
}
