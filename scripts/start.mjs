// `npm start`: the demo, or `headgate ARGS` where arguments are given. Runs in this process, so that signals reach it.
const needed = 24;
const major = Number(process.versions.node.split('.')[0]);

if (major < needed) {
  console.error(`headgate: this is Node ${process.versions.node}, and ${needed} or later is needed.
Node ${needed} comes with the packages, through an install script; scripts may be switched off (npm config get ignore-scripts).
Run: npm ci --ignore-scripts=false, or put Node ${needed} on the PATH.`);
  process.exitCode = 1;
} else {
  if (process.argv.length === 2) process.argv.push('demo');
  await import('../src/main.ts');
}
