// Requests to our own API, and failures as people read them.

export function made(name, text, kind) {
  const found = document.createElement(name);
  if (text !== undefined && text !== null) found.textContent = text;
  if (kind) found.className = kind;
  return found;
}

export function failureTold(error, status) {
  const told = made("div", undefined, "note bad");
  told.setAttribute("role", "alert");
  told.append(made("p", error.message), made("p", error.hint ?? ""));
  if (status === 401 && location.pathname !== "/login") {
    const way = made("a", "Sign in again; this page comes back");
    way.href = `/login?next=${encodeURIComponent(location.pathname + location.search)}`;
    told.append(way);
  }
  if (error.code) told.append(made("code", error.code));
  return told;
}

const UNREACHABLE = {
  message: "The server does not answer.",
  hint: "It may be starting again: press the button again. Nothing is done twice.",
};

export async function answered(method, path, body, headers = {}, signal = undefined) {
  let response;
  let rows;
  try {
    response = await fetch(path, {
      method,
      headers: { "Content-Type": "application/json", ...headers },
      body: body === undefined ? undefined : JSON.stringify(body),
      signal,
    });
    rows = response.status === 204 ? null : await response.json();
  } catch {
    return { failure: failureTold(UNREACHABLE, 0) };
  }
  if (!response.ok) return { failure: failureTold(rows.error, response.status), status: response.status };
  return { rows, status: response.status, headers: response.headers };
}
