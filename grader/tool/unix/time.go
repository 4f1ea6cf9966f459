package unix

import (
	"fmt"
	"strings"
	"time"
)

// Time is a node's or a clock's time in UTC, the zone of a container that does not say otherwise.
func Time(ns int64) time.Time { return time.Unix(0, ns).UTC() }

// Strftime formats a time as date and ls do.
func Strftime(format string, t time.Time) string {
	var b strings.Builder
	for i := 0; i < len(format); i++ {
		if format[i] != '%' || i+1 == len(format) {
			b.WriteByte(format[i])
			continue
		}
		i++
		flag := byte(0)
		for i < len(format)-1 && strings.IndexByte("-_0^#", format[i]) >= 0 {
			flag = format[i]
			i++
		}
		start := i
		for i < len(format)-1 && (format[i] >= '0' && format[i] <= '9' || format[i] == ':') {
			i++
		}
		b.WriteString(conversion(format[i], flag, format[start:i], t))
	}
	return b.String()
}

var composite = map[byte]string{
	'c': "%a %b %e %H:%M:%S %Y", 'D': "%m/%d/%y", 'x': "%m/%d/%y", 'F': "%Y-%m-%d", 'T': "%H:%M:%S", 'X': "%H:%M:%S", 'R': "%H:%M",
	'r': "%I:%M:%S %p",
}

func conversion(verb, flag byte, width string, t time.Time) string {
	number := func(n, w int, pad byte) string {
		switch flag {
		case '-':
			return fmt.Sprint(n)
		case '_':
			pad = ' '
		case '0':
			pad = '0'
		}
		return strings.Repeat(string(pad), max(0, w-len(fmt.Sprint(n)))) + fmt.Sprint(n)
	}
	text := func(s string) string {
		if flag == '^' || flag == '#' {
			return strings.ToUpper(s)
		}
		return s
	}
	if f, ok := composite[verb]; ok {
		return Strftime(f, t)
	}
	hour12 := (t.Hour()+11)%12 + 1
	isoYear, isoWeek := t.ISOWeek()
	switch verb {
	case '%':
		return "%"
	case 'n':
		return "\n"
	case 't':
		return "\t"
	case 'a':
		return text(t.Format("Mon"))
	case 'A':
		return text(t.Format("Monday"))
	case 'b', 'h':
		return text(t.Format("Jan"))
	case 'B':
		return text(t.Format("January"))
	case 'C':
		return number(t.Year()/100, 2, '0')
	case 'd':
		return number(t.Day(), 2, '0')
	case 'e':
		return number(t.Day(), 2, ' ')
	case 'G':
		return number(isoYear, 4, '0')
	case 'g':
		return number(isoYear%100, 2, '0')
	case 'H':
		return number(t.Hour(), 2, '0')
	case 'I':
		return number(hour12, 2, '0')
	case 'j':
		return number(t.YearDay(), 3, '0')
	case 'k':
		return number(t.Hour(), 2, ' ')
	case 'l':
		return number(hour12, 2, ' ')
	case 'm':
		return number(int(t.Month()), 2, '0')
	case 'M':
		return number(t.Minute(), 2, '0')
	case 'N':
		s := fmt.Sprintf("%09d", t.Nanosecond())
		if w := len(width); w == 1 && width[0] >= '1' && width[0] <= '9' {
			return s[:width[0]-'0']
		}
		return s
	case 'p':
		return t.Format("PM")
	case 'P':
		return strings.ToLower(t.Format("PM"))
	case 'q':
		return fmt.Sprint((int(t.Month()) + 2) / 3)
	case 's':
		return fmt.Sprint(t.Unix())
	case 'S':
		return number(t.Second(), 2, '0')
	case 'u':
		return fmt.Sprint((int(t.Weekday())+6)%7 + 1)
	case 'U':
		return number((t.YearDay()+6-int(t.Weekday()))/7, 2, '0')
	case 'V':
		return number(isoWeek, 2, '0')
	case 'w':
		return fmt.Sprint(int(t.Weekday()))
	case 'W':
		return number((t.YearDay()+6-(int(t.Weekday())+6)%7)/7, 2, '0')
	case 'y':
		return number(t.Year()%100, 2, '0')
	case 'Y':
		return number(t.Year(), 4, '0')
	case 'z':
		return t.Format(map[string]string{"": "-0700", ":": "-07:00", "::": "-07:00:00"}[width])
	case 'Z':
		return t.Format("MST")
	}
	return "%" + string(verb)
}

// layouts are the dates people write for date -d and touch -d.
var layouts = []string{
	"2006-01-02 15:04:05.999999999 -0700", "2006-01-02 15:04:05.999999999Z07:00", "2006-01-02T15:04:05.999999999Z07:00",
	"2006-01-02T15:04:05-0700", "2006-01-02 15:04:05 MST", "2006-01-02 15:04:05.999999999", "2006-01-02T15:04:05.999999999",
	"2006-01-02 15:04", "2006-01-02T15:04", "2006-01-02", "20060102", "20060102 15:04", "01/02/2006", "1/2/2006", "2 Jan 2006",
	"Jan 2 2006", "Jan 2, 2006", "2 January 2006", "January 2 2006", "Mon Jan _2 15:04:05 2006", "Mon Jan _2 15:04:05 MST 2006",
	"Mon, 02 Jan 2006 15:04:05 -0700", "Mon, 02 Jan 2006 15:04:05 MST", "2 Jan 2006 15:04:05", "Jan 2 2006 15:04:05",
	"2 Jan 2006 15:04", "Jan 2 2006 15:04", "2 Jan 2006 15:04:05 MST", "2 Jan 2006 15:04 MST", "Jan 2 2006 15:04 MST", "2006-01-02 15:04 MST",
}

// ParseDate reads a date as date -d does: @seconds, absolute dates, and words such as "yesterday", "+2 days", "1 hour ago".
func ParseDate(s string, now time.Time) (time.Time, bool) {
	s = strings.TrimSpace(s)
	if rest, ok := strings.CutPrefix(s, "@"); ok {
		var sec float64
		if _, err := fmt.Sscanf(rest, "%g", &sec); err != nil {
			return now, false
		}
		return time.Unix(int64(sec), int64((sec-float64(int64(sec)))*1e9)).UTC(), true
	}
	if t, ok := absolute(s); ok {
		return t, true
	}
	if t, err := time.Parse("15:04:05", s); err == nil {
		return midnight(now).Add(t.Sub(midnight(t))), true
	}
	if t, err := time.Parse("15:04", s); err == nil {
		return midnight(now).Add(t.Sub(midnight(t))), true
	}
	// an absolute date may come before the relative words
	words := strings.Fields(strings.ToLower(s))
	for n := 1; n < len(words); n++ {
		if t, ok := absolute(strings.Join(strings.Fields(s)[:n], " ")); ok {
			if t, ok := relative(words[n:], t); ok {
				return t, true
			}
		}
	}
	if s == "" {
		return midnight(now), true
	}
	return relative(words, now)
}

func midnight(t time.Time) time.Time { return t.Truncate(24 * time.Hour) }

func absolute(s string) (time.Time, bool) {
	for _, layout := range layouts {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC(), true
		}
	}
	return time.Time{}, false
}

func relative(words []string, t time.Time) (time.Time, bool) {
	for i := 0; i < len(words); i++ {
		w := words[i]
		switch w {
		case "now", "today":
			continue
		case "yesterday":
			t = t.AddDate(0, 0, -1)
			continue
		case "tomorrow":
			t = t.AddDate(0, 0, 1)
			continue
		case "utc", "z":
			continue
		}
		n := 1
		switch {
		case w == "next":
		case w == "last":
			n = -1
		default:
			unit := strings.TrimLeft(w, "+-0123456789")
			if _, err := fmt.Sscanf(strings.TrimSuffix(w, unit), "%d", &n); err != nil {
				return t, false
			}
			if unit != "" { // "2days"
				words = append(words[:i:i], append([]string{"", unit}, words[i+1:]...)...)
			}
		}
		if i++; i == len(words) {
			return t, false
		}
		unit := strings.TrimSuffix(words[i], "s")
		if i+1 < len(words) && words[i+1] == "ago" {
			n, i = -n, i+1
		}
		switch unit {
		case "sec", "second":
			t = t.Add(time.Duration(n) * time.Second)
		case "min", "minute":
			t = t.Add(time.Duration(n) * time.Minute)
		case "hour":
			t = t.Add(time.Duration(n) * time.Hour)
		case "day":
			t = t.AddDate(0, 0, n)
		case "week":
			t = t.AddDate(0, 0, 7*n)
		case "fortnight":
			t = t.AddDate(0, 0, 14*n)
		case "month":
			t = t.AddDate(0, n, 0)
		case "year":
			t = t.AddDate(n, 0, 0)
		default:
			return t, false
		}
	}
	return t, len(words) > 0
}
