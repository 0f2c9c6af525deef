/** Why a command does not do what it was asked, in one line for the person who asked. */
export class CommandProblem extends Error {}
