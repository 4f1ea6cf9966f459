package ui

import "net/http"

// ErrorTitle is the heading of the page for a status.
func ErrorTitle(status int) string {
	switch status {
	case http.StatusNotFound:
		return "There is no such page"
	case http.StatusMethodNotAllowed:
		return "This page does not take that"
	case http.StatusRequestEntityTooLarge:
		return "That is more than this page takes"
	case http.StatusForbidden:
		return "This form came from another site"
	case http.StatusTooManyRequests:
		return "Too many answers at once"
	case http.StatusServiceUnavailable:
		return "The grading took too long"
	}
	if status < http.StatusInternalServerError {
		return "This could not be understood"
	}
	return "Something went wrong inside"
}

// advice says what happened, what was kept and what to do.
func advice(f Failure) []string {
	switch f.Status {
	case http.StatusNotFound:
		return []string{"The address leads nowhere, or to an answer that is not yours. Nothing of your work is touched."}
	case http.StatusMethodNotAllowed:
		return []string{"The address exists, but not for this kind of request. Nothing was changed."}
	case http.StatusRequestEntityTooLarge:
		return []string{
			"A form may hold up to 256 KiB. Nothing was changed, and your last draft is kept.",
			"Go back with the browser to find your text as it was, and shorten it.",
		}
	case http.StatusForbidden:
		return []string{
			"Your browser says that a page of another site sent it, so nothing was changed.",
			"If it was you, look at what was sent, then send it again from here.",
		}
	case http.StatusTooManyRequests:
		return []string{"Other answers of yours are being graded. This one is kept as your draft; send it again in a moment."}
	case http.StatusServiceUnavailable:
		return []string{"The server is busy. Your text is kept as your draft; send it again in a moment."}
	}
	if f.Status < http.StatusInternalServerError {
		return []string{"The request was refused: " + f.Message + ". Nothing was changed."}
	}
	return []string{"The fault is ours, and it has been written to the server’s log. What you had saved is safe; try again in a moment."}
}
