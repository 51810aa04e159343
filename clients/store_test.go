package clients

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

var errFault = errors.New("database is down")

// memoryStore keeps clients as package storage does: copies in and out, metadata as JSON. It can be made to fault and to dawdle.
type memoryStore struct {
	reads atomic.Int64
	fault atomic.Bool
	slow  time.Duration
	// beforeUpdate, when set, runs once before the next update: another administrator.
	beforeUpdate func()

	mu   sync.Mutex
	rows map[string]memoryRow
	gone map[string]bool
}

type memoryRow struct {
	client   Client
	metadata []byte
	key      string
}

func newMemoryStore() *memoryStore {
	return &memoryStore{rows: map[string]memoryRow{}, gone: map[string]bool{}}
}

func (s *memoryStore) Client(ctx context.Context, id string) (*Client, error) {
	s.reads.Add(1)
	if s.slow > 0 {
		time.Sleep(s.slow)
	}
	if s.fault.Load() {
		return nil, errFault
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	row, ok := s.rows[id]
	if !ok {
		return nil, ErrNotFound
	}
	return row.load(), ctx.Err()
}

func (r memoryRow) load() *Client {
	c := r.client
	c.Metadata = Metadata{}
	if err := json.Unmarshal(r.metadata, &c.Metadata); err != nil {
		panic(err)
	}
	c.Secrets = slices.DeleteFunc(slices.Clone(c.Secrets), func(s Secret) bool { return !s.validAt(time.Now()) })
	return &c
}

func (s *memoryStore) Clients(_ context.Context, f ClientFilter) ([]*Client, error) {
	if s.fault.Load() {
		return nil, errFault
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []*Client
	for id, row := range s.rows {
		if id > f.After {
			list = append(list, row.load())
		}
	}
	slices.SortFunc(list, func(a, b *Client) int { return strings.Compare(a.ID, b.ID) })
	return list[:min(len(list), f.Limit)], nil
}

func (s *memoryStore) CreateClient(_ context.Context, c *Client, key string) error {
	if s.fault.Load() {
		return errFault
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	_, taken := s.rows[c.ID]
	if key != "" {
		for _, row := range s.rows {
			taken = taken || row.key == key
		}
	}
	if taken || s.gone[c.ID] {
		return ErrExists
	}
	return s.save(c, key)
}

func (s *memoryStore) save(c *Client, key string) error {
	metadata, err := json.Marshal(c.Metadata)
	row := memoryRow{client: *c, metadata: metadata, key: key}
	row.client.Secrets = slices.Clone(c.Secrets)
	s.rows[c.ID] = row
	return err
}

func (s *memoryStore) UpdateClient(_ context.Context, c *Client) error {
	if s.fault.Load() {
		return errFault
	}
	if do := s.beforeUpdate; do != nil {
		s.beforeUpdate = nil
		do()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	row, ok := s.rows[c.ID]
	if !ok || row.client.Version != c.Version {
		return ErrConflict
	}
	next := *c
	next.Version++
	return s.save(&next, row.key)
}

func (s *memoryStore) DeleteClient(_ context.Context, id string) error {
	if s.fault.Load() {
		return errFault
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.rows[id]; !ok {
		return ErrNotFound
	}
	delete(s.rows, id)
	s.gone[id] = true
	return nil
}

func (s *memoryStore) ClientByIdempotencyKey(_ context.Context, key string) (*Client, error) {
	if s.fault.Load() {
		return nil, errFault
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, row := range s.rows {
		if row.key == key {
			return row.load(), nil
		}
	}
	return nil, ErrNotFound
}
