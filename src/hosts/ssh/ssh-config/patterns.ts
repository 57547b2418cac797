/** `*` and `?` as `ssh` matches them: the whole text, letter by letter, upper case apart from lower case. */
export const matchesPattern = (text: string, pattern: string): boolean => {
  if (!pattern.includes('*') && !pattern.includes('?')) return text === pattern;
  let at = 0;
  let next = 0;
  let star = -1;
  let resume = 0;
  // Only the last star has to give way: this cannot take exponential time.
  while (at < text.length) {
    if (pattern[next] === '*') {
      star = next;
      next += 1;
      resume = at;
    } else if (pattern[next] === '?' || pattern[next] === text[at]) {
      at += 1;
      next += 1;
    } else if (star >= 0) {
      resume += 1;
      at = resume;
      next = star + 1;
    } else {
      return false;
    }
  }
  return /^\**$/.test(pattern.slice(next));
};

/** A list like `*.example.org,!gate.example.org`: one of its patterns matches, and no negated one. */
export const matchesList = (text: string, list: string): boolean => {
  let matches = false;
  for (const entry of list.split(',')) {
    const isNegated = entry.startsWith('!');
    if (!matchesPattern(text, isNegated ? entry.slice(1) : entry)) continue;
    if (isNegated) return false;
    matches = true;
  }
  return matches;
};

/** The names of hosts in `Match host` and `Match originalhost` have no case. */
export const matchesHostList = (host: string, list: string): boolean =>
  matchesList(host.toLowerCase(), list.toLowerCase());
