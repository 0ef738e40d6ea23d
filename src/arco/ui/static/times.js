// Times as how long ago they were; the exact one stays in the title.

const STEPS = [[60, "second", 1], [3600, "minute", 60], [86400, "hour", 3600], [86400 * 45, "day", 86400]];

// The browser's own words for this take it longer to load than the whole page to lay out.
function worded(count, unit) {
  const many = Math.abs(count);
  if (!many) return "now";
  if (unit === "day" && many === 1) return count > 0 ? "yesterday" : "tomorrow";
  const told = `${many} ${unit}${many === 1 ? "" : "s"}`;
  return count > 0 ? `${told} ago` : `in ${told}`;
}

export function ago(seconds) {
  for (const [below, unit, length] of STEPS) {
    if (Math.abs(seconds) < below) return worded(Math.round(seconds / length), unit);
  }
  return "";
}

export function told(root) {
  for (const each of root.querySelectorAll("time[datetime]")) {
    each.title ||= each.textContent;
    const words = ago((Date.now() - new Date(each.dateTime)) / 1000);
    if (words && each.textContent !== words) each.textContent = words;
  }
}
