package child

const isARM64 = 1
