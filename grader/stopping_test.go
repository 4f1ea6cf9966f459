package grader_test

import (
	"testing"

	"drydock/grader"
)

// Who is process 1, and so gets the stop signal, is told of the real shells and of the programs that start others.
func TestProcessOne(t *testing.T) {
	var node *grader.Exercise
	for _, e := range shipped(t) {
		if e.ID == "node-optimize" {
			node = e
		}
	}
	for _, c := range []struct {
		base, command, pid1 string
		graceful            bool
	}{
		{"node:22-slim", `CMD ["node", "server.js"]`, "node", true},
		{"node:22-slim", `CMD node server.js`, "dash", false},
		{"node:22-slim", `CMD exec node server.js`, "node", true},
		{"node:22-slim", `CMD cd /app && exec node server.js`, "node", true},
		{"node:22-slim", `CMD cd /app && node server.js`, "dash", false},
		{"node:22-slim", `CMD ["bash", "-c", "cd /app && node server.js"]`, "node", true},
		{"node:22-slim", `CMD ["bash", "-c", "node server.js; echo ended"]`, "bash", false},
		{"node:22-slim", `CMD ["env", "PORT=80", "node", "server.js"]`, "node", true},
		{"node:22-slim", `CMD ["npm", "start"]`, "npm", true},
		{"node:22-alpine", `CMD node server.js`, "node", true},
		{"node:22-alpine", "RUN printf '#!/bin/sh\\nexec \"$@\"\\n' > /run.sh && chmod +x /run.sh\nENTRYPOINT [\"/run.sh\"]\nCMD [\"node\", \"server.js\"]", "node", true},
		{"node:22-alpine", "RUN printf '#!/bin/sh\\n\"$@\"\\n' > /run.sh && chmod +x /run.sh\nENTRYPOINT [\"/run.sh\"]\nCMD [\"node\", \"server.js\"]", "busybox", false},
	} {
		g := gradeShipped(t, node, grader.Files{"Dockerfile": "FROM " + c.base + "\nWORKDIR /app\nCOPY . .\nRUN npm ci --omit=dev\n" + c.command + "\n"})
		if g.Run == nil || !g.Run.Serves || g.Run.PID1 != c.pid1 || g.Run.Graceful != c.graceful {
			t.Errorf("%s, %s: %+v %s", c.base, c.command, g.Run, g.Error)
		}
	}
}
