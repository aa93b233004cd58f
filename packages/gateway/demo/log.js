/** What this tab has sent and received, so that a reload shows it again. */
const longest = 100;

export class Log {
  constructor(app, user) {
    this.place = `encke-demo:log:${app}:${user}`;
    this.entries = JSON.parse(sessionStorage.getItem(this.place) ?? '[]');
    // A reload cut these off, and nobody knows how far they came.
    for (const entry of this.entries)
      if (entry.status === 'sending')
        Object.assign(entry, { status: 'failed', reason: 'the page was left' });
  }

  add(entry) {
    this.entries.push(entry);
    this.entries.splice(0, this.entries.length - longest);
    this.save();
    return entry;
  }

  save() {
    try {
      sessionStorage.setItem(this.place, JSON.stringify(this.entries));
    } catch {
      // A full storage: the list is a comfort, the messages themselves are safe.
    }
  }
}
