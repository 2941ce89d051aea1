package child

const isARM64 = 0
