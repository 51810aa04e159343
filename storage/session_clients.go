package storage

import "context"

// ClientsOf implements provider.GrantStore. The account narrows the search to an index.
func (db *DB) ClientsOf(ctx context.Context, accountID, sessionID string) ([]string, error) {
	if !isKey(accountID) || !isKey(sessionID) {
		return nil, nil
	}
	var ids []string
	err := db.read.WithContext(ctx).Raw("SELECT DISTINCT client_id FROM grants WHERE account_id = ? AND session_id = ? ORDER BY client_id", accountID, sessionID).Find(&ids).Error
	return ids, fault("clients of session", err)
}
