// Loaded into every Node.js server that the bench starts: when the bench is gone, so is its end of stdin, and the server ends.
process.stdin.resume()
process.stdin.on('end', () => process.exit(0))
