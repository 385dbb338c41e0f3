"use strict";
(async function () {
  const PAGE = 50;
  const OUTCOMES = { c: "correct", w: "wrong", u: "unparsed", t: "truncated", r: "refused", e: "error", n: "unjudged", "-": "no row" };
  const UNSEEN = /(?![\n\t\u200c\u200d])[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}]/gu;
  const at = (id) => document.getElementById(id);
  const seen = (text) => text.replaceAll("\r\n", "\n").replace(UNSEEN, (char) => `[U+${char.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}]`);

  async function unpack(id) {
    const packed = Uint8Array.from(atob(at(id).textContent), (char) => char.charCodeAt(0));
    const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
    return new Response(stream).json();
  }

  function make(tag, text, style) {
    const element = document.createElement(tag);
    if (text !== undefined) element.textContent = seen(String(text));
    if (style) element.className = style;
    return element;
  }

  const data = await unpack("index");
  const loaded = new Map();
  let shared = null;
  let state = {};
  let found = [];
  let turn = 0;

  async function chunk(number) {
    shared = shared || await unpack("shared");
    if (!loaded.has(number)) loaded.set(number, new Map(await unpack(`chunk-${number}`)));
    return loaded.get(number);
  }

  async function ask(what) {
    const answer = await fetch(`${location.pathname}/${what}`);
    if (!answer.ok) throw new Error(`${what}: ${answer.status}`);
    return answer.json();
  }

  const isHere = (i) => data.served || data.places[i] >= 0;
  const readItem = async (i) => data.served ? ask(`items/${i}`) : (await chunk(data.places[i])).get(i);

  const code = (i, model) => data.outcomes[i][model];
  const answer = (i, model) => data.answers[i][model];
  const RELATIONS = {
    "": () => true,
    differ: (a, b) => (a === "c") !== (b === "c"),
    lost: (a, b) => a === "c" && b !== "c",
    gained: (a, b) => a !== "c" && b === "c",
    answers: (a, b, i) => answer(i, state.a) !== answer(i, state.b),
    both: (a, b) => a === "c" && b === "c",
    neither: (a, b) => !"cn".includes(a) && !"cn".includes(b),
  };

  function fits(i) {
    const a = code(i, state.a), b = code(i, state.b);
    return RELATIONS[state.show](a, b, i) && (!state.outcome1 || a === state.outcome1)
      && (!state.outcome2 || b === state.outcome2)
      && (state.subject === "" || data.subject[i] === Number(state.subject));
  }

  const has = (text) => text !== null && text.toLowerCase().includes(state.q);
  const inIndex = (i) => has(data.titles[i]) || has(data.golds[i]) || data.ids[i].startsWith(state.q)
    || has(data.subjects[data.subject[i]]) || has(answer(i, state.a) || "") || has(answer(i, state.b) || "");

  async function inText(i) {
    if (!isHere(i)) return false;
    const said = await readItem(i);
    const replies = [state.a, state.b].flatMap((model) => said.replies[model]).map((reply) => reply[0] || "");
    return [...said.messages.map(text), ...said.turns, ...replies].some(has);
  }

  const text = (message) => typeof message[1] === "number" ? shared[message[1]] : message[1];

  function read() {
    const hash = new URLSearchParams(location.hash.slice(1));
    const model = (name, other) => {
      const i = data.models.findIndex((each) => each.key === hash.get(name));
      return i < 0 ? other : i;
    };
    const a = model("first", 0);
    const choice = (name, known) => Object.hasOwn(known, hash.get(name)) ? hash.get(name) : "";
    state = {
      a, b: model("second", a ? 0 : Math.min(1, data.models.length - 1)),
      show: choice("show", RELATIONS), outcome1: choice("outcome1", OUTCOMES), outcome2: choice("outcome2", OUTCOMES),
      subject: choice("subject", data.subjects), q: (hash.get("q") || "").toLowerCase(), deep: hash.has("deep"),
      page: Math.max(0, Number.parseInt(hash.get("page"), 10) || 0), id: hash.get("id") || "",
    };
  }

  function link(changes) {
    const next = { ...state, ...changes };
    const hash = new URLSearchParams({ first: data.models[next.a].key, second: data.models[next.b].key });
    for (const name of ["show", "outcome1", "outcome2", "subject", "q", "id"]) if (next[name]) hash.set(name, next[name]);
    if (next.deep) hash.set("deep", "1");
    if (next.page) hash.set("page", next.page);
    return `#${hash}`;
  }

  function verdict(i, model) {
    const cell = make("td", undefined, `text ${OUTCOMES[code(i, model)].replace(" ", "-")}`);
    cell.append(make("bdi", answer(i, model) ?? "\u2013"), make("small", OUTCOMES[code(i, model)]));
    return cell;
  }

  function row(i) {
    const line = make("tr");
    const head = make("th", undefined, "text prose");
    head.scope = "row";
    const open = make("a");
    open.href = link({ id: data.ids[i] });
    open.append(make("bdi", data.titles[i] || "(empty)"));
    if (data.ids[i] === state.id) open.setAttribute("aria-current", "true");
    head.append(open, make("small", data.subjects[data.subject[i]]));
    const gold = make("td", undefined, "text");
    gold.append(make("bdi", data.golds[i]));
    line.append(head, gold, verdict(i, state.a), verdict(i, state.b));
    return line;
  }

  function showList() {
    const last = Math.max(0, Math.ceil(found.length / PAGE) - 1);
    state.page = Math.min(state.page, last);
    const from = state.page * PAGE;
    const shown = found.slice(from, from + PAGE);
    at("list").replaceChildren(...shown.map(row));
    const number = (n) => n.toLocaleString("en");
    at("count").textContent = `${number(found.length)} of ${number(data.ids.length)} samples`;
    at("pages").textContent = found.length ? `${number(from + 1)} to ${number(from + shown.length)}` : "none";
    at("before").disabled = state.page === 0;
    at("after").disabled = state.page === last;
    for (const [id, model] of [["name1", state.a], ["name2", state.b]]) at(id).replaceChildren(name(model));
  }

  function name(model) {
    const whole = make("span");
    whole.append(make("span", undefined, `swatch series-${data.models[model].series}`), make("bdi", data.models[model].name));
    return whole;
  }

  function verbatim(said, style) {
    const box = make("pre", said, `verbatim ${style || ""}`);
    box.tabIndex = 0;
    return box;
  }

  function reply(said, i, model) {
    const column = make("div");
    const head = make("h3");
    const page = make("a");
    page.href = data.models[model].href;
    page.append(name(model));
    head.append(page);
    const facts = make("p", undefined, "meta");
    facts.append(make("span", OUTCOMES[code(i, model)], `kind ${OUTCOMES[code(i, model)].replace(" ", "-")}`), " extracted ", make("code", answer(i, model) ?? "nothing"));
    column.append(head, facts);
    said.replies[model].forEach(([words, error], part) => {
      if (part && said.turns[part - 1] !== undefined) column.append(make("h4", "Then asked", "role"), verbatim(said.turns[part - 1]));
      const none = error ? `No reply. ${error}` : "No text: the likelihoods of given texts were asked for.";
      column.append(make("h4", said.turns.length ? `Replied, turn ${part + 1}` : "Replied", "role"), verbatim(words ?? none));
    });
    if (!said.replies[model].length) column.append(make("p", "Nothing was recorded."));
    return column;
  }

  function around(i) {
    const nav = make("nav");
    nav.setAttribute("aria-label", "Neighbouring samples");
    const place = found.indexOf(i);
    for (const [label, j] of [["Previous", found[place - 1]], ["Next", found[place + 1]]]) {
      if (place < 0 || j === undefined) continue;
      const to = make("a", label);
      to.href = link({ id: data.ids[j], page: Math.floor(found.indexOf(j) / PAGE) });
      nav.append(to, " ");
    }
    return nav;
  }

  async function showSample() {
    const i = state.id ? data.ids.findIndex((id) => id.startsWith(state.id.slice(0, 12))) : -1;
    const box = at("sample");
    if (i < 0) {
      box.replaceChildren(make("p", state.id ? `There is no sample ${state.id} here.` : "Choose a sample to read what was asked and replied.", "note"));
      return;
    }
    const facts = make("p", undefined, "meta");
    facts.append(make("bdi", data.subjects[data.subject[i]] || "(no subject)"), ", sample ", make("code", data.ids[i]), ", right answer ", make("code", data.golds[i] || "(empty)"));
    const parts = [make("h2", "Sample"), around(i), facts];
    if (!isHere(i)) {
      parts.push(make("p", "Its prompt and replies are not in this file: “harness view” shows them."));
    } else {
      const said = await readItem(i);
      const earlier = said.messages.slice(0, -1);
      if (earlier.length) {
        const before = make("details");
        before.append(make("summary", `What came before (${earlier.length} messages)`));
        for (const message of earlier) before.append(make("h4", message[0], "role"), verbatim(text(message)));
        parts.push(before);
      }
      parts.push(make("h3", "Asked"), verbatim(said.messages.length ? text(said.messages.at(-1)) : ""));
      const pair = make("div", undefined, "pair");
      pair.append(...[...new Set([state.a, state.b])].map((model) => reply(said, i, model)));
      parts.push(pair);
    }
    box.replaceChildren(...parts);
  }

  async function search() {
    const mine = ++turn;
    const fitting = data.ids.map((_, i) => i).filter(fits);
    if (!state.q) found = fitting;
    else if (!state.deep) found = fitting.filter(inIndex);
    else {
      const hits = [];
      at("count").textContent = "Searching …";
      const models = [state.a, state.b].map((model) => data.models[model].key);
      const there = data.served ? new Set(await ask(`search?${new URLSearchParams({ q: state.q, first: models[0], second: models[1] })}`)) : null;
      for (const i of fitting) {
        if (inIndex(i) || (there ? there.has(i) : await inText(i))) hits.push(i);
        if (mine !== turn) return false;
      }
      found = hits;
    }
    return true;
  }

  function setControls() {
    at("first").value = state.a;
    at("second").value = state.b;
    for (const id of ["show", "outcome1", "outcome2", "subject"]) at(id).value = state[id];
    if (document.activeElement !== at("search")) at("search").value = state.q;
    at("deep").checked = state.deep;
  }

  async function update(moved) {
    try {
      await show(moved);
    } catch (error) {
      at("count").textContent = `This did not work: ${error.message}.`;
      at("viewer").setAttribute("aria-busy", "false");
    }
  }

  async function show(moved) {
    const before = state.id;
    at("viewer").setAttribute("aria-busy", "true");
    read();
    setControls();
    if (!await search()) return;
    showList();
    await showSample();
    at("viewer").setAttribute("aria-busy", "false");
    if (moved && state.id && state.id !== before) {
      at("sample").focus({ preventScroll: true });
      at("sample").scrollIntoView({ block: "nearest" });
    }
  }

  function changed() {
    const pick = { a: Number(at("first").value), b: Number(at("second").value), q: at("search").value.toLowerCase(), deep: at("deep").checked, page: 0 };
    for (const id of ["show", "outcome1", "outcome2", "subject"]) pick[id] = at(id).value;
    history.replaceState(null, "", link(pick));
    update(false);
  }

  function turnPage(by) {
    history.replaceState(null, "", link({ page: state.page + by }));
    update(false);
  }

  function fill(id, options) {
    for (const [value, label] of options) {
      const option = make("option", label);
      option.value = value;
      at(id).append(option);
    }
  }

  for (const id of ["first", "second"]) fill(id, data.models.map((model, i) => [i, model.name]));
  for (const id of ["outcome1", "outcome2"]) fill(id, [["", "anything"], ...Object.entries(OUTCOMES)]);
  fill("subject", [["", "any"], ...data.subjects.map((subject, i) => [i, subject || "(none)"])]);
  for (const control of document.querySelectorAll(".controls select, #deep")) control.addEventListener("change", changed);
  at("search").addEventListener("input", changed);
  at("before").addEventListener("click", () => turnPage(-1));
  at("after").addEventListener("click", () => turnPage(1));
  window.addEventListener("hashchange", () => update(true));
  at("viewer").hidden = false;
  await update(true);
  document.body.dataset.ready = "yes";
})();
