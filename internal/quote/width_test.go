package quote

import "testing"

func TestWidth(t *testing.T) {
	for s, want := range map[string]int{
		"": 0, "abc": 3, "é": 1, "e\u0301": 1, "日本": 4, "한국": 4, "ｱ": 1, "Ａ": 2, "🦀": 2, "✓": 1, "⚡": 2, "…": 1, "\U00020000": 2, "א": 1, "क्": 1, "\u303f": 1,
	} {
		if got := Width(s); got != want {
			t.Errorf("Width(%q) = %d, want %d", s, got, want)
		}
	}
}
