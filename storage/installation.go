package storage

import (
	"context"
	"errors"

	"gorm.io/gorm/clause"

	"github.com/symbolon-id/symbolon/provider"
)

type installationRow struct {
	Name  string `gorm:"primaryKey"`
	Value []byte
}

func (installationRow) TableName() string { return "installation" }

var _ provider.InstallationStore = (*DB)(nil)

// InstallationValue implements provider.InstallationStore. The primary key decides who is first; nothing ever changes a row.
func (db *DB) InstallationValue(ctx context.Context, name string, fresh []byte) ([]byte, error) {
	if !isKey(name) || len(fresh) == 0 {
		return nil, fault("load installation value", errKey)
	}
	tx := db.write.WithContext(ctx)
	for range 2 {
		var rows []installationRow
		if err := tx.Where("name = ?", name).Limit(1).Find(&rows).Error; err != nil {
			return nil, fault("load installation value", err)
		}
		if len(rows) > 0 {
			return rows[0].Value, nil
		}
		row := installationRow{Name: name, Value: fresh}
		if err := tx.Clauses(clause.OnConflict{DoNothing: true}).Create(&row).Error; err != nil {
			return nil, fault("keep installation value", err)
		}
	}
	return nil, fault("load installation value", errors.New("it was there and is gone"))
}
