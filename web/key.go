package web

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// keyBytes is the length of the key that signs cookies.
const keyBytes = 64

// LoadKey reads the key that signs cookies from a file in the data folder, and makes it on the first start.
func LoadKey(folder string) ([]byte, error) {
	name := filepath.Join(folder, "cookie.key")
	key, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return makeKey(name)
	}
	if err != nil {
		return nil, fmt.Errorf("read cookie key: %w", err)
	}
	if len(key) != keyBytes {
		return nil, fmt.Errorf("read cookie key: %s has %d bytes instead of %d; remove it to have a new one made, which makes every learner a new one",
			name, len(key), keyBytes)
	}
	return key, nil
}

// makeKey writes the key beside its place and links it there, so that of two starting servers one wins and none reads half a key.
func makeKey(name string) (key []byte, err error) {
	key = make([]byte, keyBytes)
	_, _ = rand.Read(key)                                           // never fails
	draft, err := os.CreateTemp(filepath.Dir(name), "cookie-*.tmp") // mode 0600
	if err != nil {
		return nil, fmt.Errorf("make cookie key: %w", err)
	}
	defer os.Remove(draft.Name())
	_, err = draft.Write(key)
	if err = errors.Join(err, draft.Sync(), draft.Close()); err != nil {
		return nil, fmt.Errorf("make cookie key: %w", err)
	}
	err = os.Link(draft.Name(), name)
	if errors.Is(err, fs.ErrExist) {
		return LoadKey(filepath.Dir(name))
	}
	if err != nil {
		return nil, fmt.Errorf("make cookie key: %w", err)
	}
	return key, nil
}
