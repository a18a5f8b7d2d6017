// Stages follow one another: after one that fails, the rest cannot be reached.
export class Stages {
  passed = 0;
  failed = 0;

  async run(name, act) {
    if (this.failed > 0) return;
    const began = performance.now();
    try {
      await act();
      this.passed += 1;
      console.log(`ok    ${name} (${((performance.now() - began) / 1000).toFixed(1)} s)`);
    } catch (error) {
      this.failed += 1;
      console.log(`FAIL  ${name}: ${error.message}`);
    }
  }

  /** The closing line; the process ends with an error when a stage failed. */
  close() {
    console.log(`${this.passed} passed, ${this.failed} failed`);
    process.exitCode = this.failed > 0 ? 1 : 0;
  }
}
