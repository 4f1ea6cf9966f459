const format = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

// showLocalTimes writes times, which the server has in UTC, in the reader's own zone and manner.
export function showLocalTimes(root: ParentNode): void {
  for (const element of root.querySelectorAll<HTMLTimeElement>("time[data-time]")) {
    const time = new Date(element.dateTime);
    if (!Number.isNaN(time.getTime())) element.textContent = format.format(time);
  }
}

// clockTime is the time of day as the reader writes it.
export function clockTime(time: Date): string {
  return time.toLocaleTimeString(undefined, { timeStyle: "short" });
}
