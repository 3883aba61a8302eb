// Prints golang_tlog.json: what golang.org/x/mod/sumdb/tlog computes for trees of 1 to 512 leaves.
package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"

	"golang.org/x/mod/sumdb/tlog"
)

const largest = 512

type stored []tlog.Hash

func (s stored) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, x := range indexes {
		out[i] = s[x]
	}
	return out, nil
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func hexes(hashes []tlog.Hash) []string {
	out := []string{}
	for _, h := range hashes {
		out = append(out, hex.EncodeToString(h[:]))
	}
	return out
}

// digest is over the root, then all inclusion proofs, then all consistency proofs of one size.
func digest(s stored, size int64) string {
	sum := sha256.New()
	write := func(hashes []tlog.Hash) {
		for _, h := range hashes {
			sum.Write(h[:])
		}
	}
	write([]tlog.Hash{must(tlog.TreeHash(size, s))})
	for index := int64(0); index < size; index++ {
		write(must(tlog.ProveRecord(size, index, s)))
	}
	for old := int64(1); old <= size; old++ {
		write(must(tlog.ProveTree(size, old, s)))
	}
	return hex.EncodeToString(sum.Sum(nil))
}

func main() {
	var s stored
	digests := []string{}
	for size := int64(1); size <= largest; size++ {
		leaf := []byte(fmt.Sprintf("leaf %d", size-1))
		s = append(s, must(tlog.StoredHashes(size-1, leaf, s))...)
		digests = append(digests, digest(s, size))
	}
	// Level -1 is the library's word for the entries, and "8" in its paths is the height of a tile.
	paths := [][]any{}
	for _, n := range []int64{0, 1, 255, 999, 1000, 1234, 999999, 1000000, 1234067, 123456789, 1 << 40} {
		for _, level := range []int{0, 1, 7, -1} {
			for _, width := range []int{256, 1, 17, 255} {
				tile := tlog.Tile{H: 8, L: level, N: n, W: width}
				paths = append(paths, []any{level, n, width, tile.Path()})
			}
		}
	}
	out := map[string]any{
		"digests":             digests,
		"paths":               paths,
		"inclusion_317_500":   hexes(must(tlog.ProveRecord(500, 317, s))),
		"consistency_317_500": hexes(must(tlog.ProveTree(500, 317, s))),
	}
	if err := json.NewEncoder(os.Stdout).Encode(out); err != nil {
		panic(err)
	}
}
