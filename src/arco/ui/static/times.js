// Times as how long ago they were; the exact one stays in the title.

const STEPS = [[60, "second", 1], [3600, "minute", 60], [86400, "hour", 3600], [86400 * 45, "day", 86400]];
const WORDS = new Intl.RelativeTimeFormat("en", { numeric: "auto", style: "long" });

export function ago(seconds) {
  for (const [below, unit, length] of STEPS) {
    if (Math.abs(seconds) < below) return WORDS.format(-Math.round(seconds / length), unit);
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
