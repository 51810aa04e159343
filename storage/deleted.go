package storage

import "gorm.io/gorm"

// The kinds of ids that are never given again.
const (
	deletedClient  = "client"
	deletedAccount = "account"
)

type deletedRow struct {
	Kind      string `gorm:"primaryKey"`
	ID        string `gorm:"primaryKey"`
	DeletedAt millis
}

func (deletedRow) TableName() string { return "deleted_ids" }

// neverDeleted returns gorm.ErrDuplicatedKey for the id of a deleted record. It must run after the insertion of the new one: the insertion
// waits for a deletion that is going on, and the statement after it sees what that one left.
func neverDeleted(tx *gorm.DB, kind, id string) error {
	var n int64
	if err := tx.Model(&deletedRow{}).Where("kind = ? AND id = ?", kind, id).Count(&n).Error; err != nil {
		return err
	}
	if n > 0 {
		return gorm.ErrDuplicatedKey
	}
	return nil
}
