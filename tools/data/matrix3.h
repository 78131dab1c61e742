// Symmetric 3x3 matrices in double precision: what a linear colour transfer needs.
#pragma once

#include <array>

namespace attune::tools {

using Matrix3 = std::array<std::array<double, 3>, 3>;

Matrix3 product(const Matrix3& a, const Matrix3& b);

// matrix = sum_i value[i] vector_i vector_i^T; vector_i is column i of `vectors`.
struct Eigen3 {
  std::array<double, 3> values;
  Matrix3 vectors;
};
// By cyclic Jacobi rotations: exact to rounding for any symmetric matrix, repeated and zero eigenvalues
// included.
Eigen3 symmetric_eigen(Matrix3 matrix);

// The symmetric square root of a positive semi-definite matrix, and its inverse; eigenvalues below `floor` (>
// 0) count as `floor`.
struct SquareRoots {
  Matrix3 root, inverse;
};
SquareRoots square_roots(const Matrix3& matrix, double floor);

}  // namespace attune::tools
