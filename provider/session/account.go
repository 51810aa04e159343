package session

import (
	"context"
	"time"
)

// Of lists the account's sessions that have not come to their absolute end, newest first: those that are alive, and those that have ended because
// they were not used. Sign-ins at partners from the latter may go on.
func (s *Sessions) Of(ctx context.Context, accountID string) (live, idle []Session, err error) {
	all, err := s.config.Store.SessionsOf(ctx, accountID)
	if err != nil {
		return nil, nil, err
	}
	now := time.Now()
	for _, one := range all {
		switch {
		case !now.Before(one.ExpiresAt):
		case now.Sub(one.SeenAt) >= s.config.Idle:
			idle = append(idle, one)
		default:
			live = append(live, one)
		}
	}
	return live, idle, nil
}

// EndOthers ends all sessions of current's account but current, idle ones too.
func (s *Sessions) EndOthers(ctx context.Context, current Session) error {
	return s.config.Store.EndOtherSessions(ctx, current.AccountID, current.ID, time.Now())
}
