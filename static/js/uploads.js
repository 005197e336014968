/* Uploads that go on where they broke off, on every page whose form has a file. Without this script the plain form
   does the same for one file. The words stand in templates/cases/documents/bringing.html; bytes travel by tus-js-client. */
(() => {
  "use strict";

  const part = document.querySelector("[data-uploads]");
  const field = document.querySelector("form.fv-form input[type=file][name=file]");
  if (!part || !field || !window.tus || !tus.isSupported) return;

  const form = field.form;
  const token = form.elements.csrfmiddlewaretoken.value;
  const several = part.dataset.several === "true";
  const largest = Number(part.dataset.largest);
  const waits = [0, 1000, 2000, 5000, 10000, ...Array(40).fill(20000)];
  const list = part.querySelector("[data-rows]");
  const live = part.querySelector("[data-live]");
  const shape = part.querySelector("template").content;
  const rows = new Set();
  let sendWhenHere = false;
  let count = 0;

  // -- words --------------------------------------------------------------------------------------------------------

  const say = (words) => { live.textContent = words; };

  const size = (bytes) => {
    if (bytes < 1000) return `${bytes} bytes`;
    const unit = ["kB", "MB", "GB"][Math.min(Math.floor(Math.log10(bytes) / 3), 3) - 1];
    return `${(bytes / { kB: 1e3, MB: 1e6, GB: 1e9 }[unit]).toFixed(1)} ${unit}`;
  };

  const left = (seconds) => {
    if (seconds < 60) return "less than a minute left";
    const minutes = Math.round(seconds / 60);
    if (minutes < 60) return `about ${minutes} min left`;
    return `about ${Math.floor(minutes / 60)} h ${minutes % 60} min left`;
  };

  /* What the server says of a refusal is plain text; its pages are not for this place. */
  const sentence = (error) => {
    const answer = error.originalResponse;
    if (!answer || !answer.getStatus()) return "The connection is lost. Press Go on when it is back.";
    if ((answer.getHeader("Content-Type") || "").startsWith("text/plain")) return answer.getBody().trim();
    if (answer.getStatus() >= 500) return "The server does not answer just now. Press Go on in a while.";
    return "The server did not take this file. Load the page again, sign in if it asks, and choose the file again.";
  };

  const hidden = (words) => Object.assign(document.createElement("span"), { className: "usa-sr-only", textContent: words });

  // -- one file -----------------------------------------------------------------------------------------------------

  /* The upload of the same file that is not whole yet, if the page lists one. */
  const begun = (file) => {
    const same = [...document.querySelectorAll("[data-unfinished]")].filter((one) =>
      Number(one.dataset.size) === file.size && one.dataset.modified === String(file.lastModified) && !one.hidden);
    return same.find((one) => one.dataset.name === file.name) || same[0];
  };

  class Row {
    constructor(file) {
      this.file = file;
      this.element = shape.cloneNode(true).firstElementChild;
      this.find("name").textContent = file.name;
      this.progress = this.find("progress");
      this.progress.max = file.size;
      this.progress.setAttribute("aria-label", `How much of ${file.name} is here`);
      for (const name of ["pause", "remove"]) {
        this.find(name).append(hidden(` ${file.name}`));
      }
      this.title = this.find("title");
      if (this.title) {
        const label = this.find("label");
        this.title.id = `title-of-${count += 1}`;
        label.htmlFor = this.title.id;
        label.append(hidden(` of ${file.name}`));
        this.title.value = this.titled();
      }
      this.find("pause").addEventListener("click", () => (this.state === "coming" ? this.pause() : this.go()));
      this.find("remove").addEventListener("click", () => this.remove());
      rows.add(this);
      list.append(this.element);
      this.listed = begun(file);
      if (this.listed) this.listed.hidden = true;
      if (file.size === 0 || file.size > largest) {
        this.stop(file.size ? `At most ${size(largest)} are taken in one file. Split it into parts.` : "This file is empty. Choose the file that has the content.");
        this.find("pause").hidden = true;
      } else {
        this.upload = this.prepared();
        this.go();
      }
    }

    find(name) { return this.element.querySelector(`[data-${name}]`); }

    titled() {
      const typed = form.elements.title;
      const own = typed && typed.value.trim();
      if (own && rows.size === 0) return own;
      return this.file.name.replace(/\.[^.]*$/, "").slice(0, 200);
    }

    prepared() {
      return new tus.Upload(this.file, {
        endpoint: part.dataset.begin,
        uploadUrl: this.listed ? this.listed.dataset.unfinished : null,
        metadata: { filename: this.file.name, modified: String(this.file.lastModified) },
        headers: { "X-CSRFToken": token },
        storeFingerprintForResuming: false,
        retryDelays: waits,
        onShouldRetry: (error) => this.again(error),
        onProgress: (there) => this.moved(there),
        onSuccess: () => this.arrived(),
        onError: (error) => this.stop(sentence(error)),
      });
    }

    /* Go on after what mends by itself: a lost connection, a busy server, bytes that another request still holds. */
    again(error) {
      const answer = error.originalResponse;
      const status = answer ? answer.getStatus() : 0;
      const mends = status === 0 || status === 423 || [500, 502, 503, 504].includes(status)
        || (status === 409 && Boolean(answer.getHeader("Upload-Offset")));
      if (mends) this.tell("Waiting for the connection; it goes on by itself.");
      return mends;
    }

    go() {
      this.state = "coming";
      this.since = { at: Date.now(), there: null };
      this.label("Pause");
      this.tell("Beginning …");
      this.upload.start();
    }

    pause() {
      this.upload.abort();
      this.state = "paused";
      this.label("Go on");
      this.tell(`Paused at ${size(this.progress.value)} of ${size(this.file.size)}.`);
    }

    moved(there) {
      if (this.state !== "coming") return;
      if (this.since.there === null) this.since.there = there;
      this.progress.value = there;
      const speed = (there - this.since.there) / ((Date.now() - this.since.at) / 1000 || 1);
      const rest = speed > 0 && there < this.file.size ? `, ${left((this.file.size - there) / speed)}` : "";
      this.tell(`${size(there)} of ${size(this.file.size)}${rest}`);
    }

    arrived() {
      this.state = "here";
      this.progress.value = this.file.size;
      const id = new URL(this.upload.url, location.href).pathname.split("/")[2];
      this.element.append(Object.assign(document.createElement("input"), { type: "hidden", name: "uploads", value: id }));
      if (this.title) this.title.name = `title-${id}`;
      this.find("pause").hidden = true;
      this.tell(`All ${size(this.file.size)} are here.`);
      say(`${this.file.name} is here.`);
      settled();
    }

    stop(words) {
      this.state = "stopped";
      this.label("Go on");
      this.tell(words);
      this.element.classList.add("fv-upload--stopped");
      say(`${this.file.name}: ${words}`);
      settled();
    }

    remove() {
      if (this.upload) this.upload.abort(true).catch(() => {});  // what is left of it ends by its hour
      rows.delete(this);
      this.element.remove();
      say(`${this.file.name} is removed.`);
      field.focus();
      settled();
    }

    label(words) { this.find("pause").firstChild.textContent = words; }

    tell(words) {
      this.element.classList.remove("fv-upload--stopped");
      this.find("said").textContent = words;
    }
  }

  // -- the form -----------------------------------------------------------------------------------------------------

  const take = (files) => {
    const chosen = several ? [...files] : [...files].slice(0, 1);
    if (!several) for (const one of [...rows]) one.remove();
    for (const file of chosen) new Row(file);
    field.value = "";
    if (chosen.length) say(chosen.length === 1 ? `${chosen[0].name} is on its way.` : `${chosen.length} files are on their way.`);
    settled();
  };

  const plainTitle = () => (several && form.elements.title ? form.elements.title.closest(".fv-field") : null);

  const settled = () => {
    const title = plainTitle();
    if (title) title.hidden = rows.size > 0;
    const states = [...rows].map((row) => row.state);
    if (states.includes("stopped")) sendWhenHere = false;
    if (sendWhenHere && states.length && states.every((state) => state === "here")) form.requestSubmit();
  };

  form.addEventListener("submit", (event) => {
    const states = [...rows].map((row) => row.state);
    if (states.every((state) => state === "here")) {
      field.disabled = rows.size > 0;
      return;
    }
    event.preventDefault();
    sendWhenHere = !states.includes("stopped") && !states.includes("paused");
    say(sendWhenHere ? part.dataset.waiting : part.dataset.unsettled);
    part.querySelector("[data-note]").textContent = live.textContent;
  });

  field.multiple = several;
  field.addEventListener("change", () => take(field.files));
  const ground = field.closest(".fv-field");
  ground.classList.add("fv-drop");
  ground.append(part);
  for (const name of ["dragover", "dragenter"]) {
    ground.addEventListener(name, (event) => { event.preventDefault(); ground.classList.add("fv-drop--over"); });
  }
  for (const name of ["dragleave", "drop"]) ground.addEventListener(name, () => ground.classList.remove("fv-drop--over"));
  ground.addEventListener("drop", (event) => { event.preventDefault(); take(event.dataTransfer.files); });
  window.addEventListener("online", () => {
    for (const row of rows) if (row.state === "coming") row.upload.abort().then(() => row.go());
  });
  part.querySelector("[data-hint]").hidden = false;
})();
