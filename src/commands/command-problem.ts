/** Why a command cannot do what it was asked to, in one line that tells what to do. */
export class CommandProblem extends Error {}
