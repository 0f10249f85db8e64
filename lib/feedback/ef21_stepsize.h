// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

namespace pith {

/// How the smoothness constants L_i of the ranks' functions count together.
enum class SmoothnessMean {
  quadratic,  ///< L_QM = sqrt(mean L_i^2): EF21's first theory
  arithmetic  ///< L_AM = mean L_i <= L_QM: EF21-W's, which holds for plain EF21 as well
};

/// xi(alpha) = (1 + sqrt(1 - alpha)) / alpha - 1: how much a compressor of contraction alpha slows
/// EF21 down, from 0 for alpha = 1 to nearly 2 / alpha.
/// Throws   UsageError if alpha is not in (0, 1].
double ef21_slowdown(double alpha);

/// The learning rate that EF21's theory allows for smooth functions, nonconvex ones too:
///
///   gamma = 1 / (L + L_mean xi(alpha)),   1 / L for alpha = 1
///
/// alpha: contraction of the compressor (Guarantee::contraction), in (0, 1]. L: smoothness of the
/// mean of the ranks' functions, above 0. L_i: smoothness of each rank's own, one per rank, none
/// below 0. Constants of quadratics are the largest eigenvalues of their matrices.
/// With the arithmetic mean it is EF21-W's step, which for compressors that commute with positive
/// factors (top-k, random-k, scaled signs, low rank) is also plain EF21's. In practice larger steps
/// converge: try powers of two times this one.
///
/// Throws   UsageError that names the argument and its value if one is out of range or no L_i are
///          given. So do the rules below.
/// Source   Richtarik, Sokolov, Fatkhullin 2021, arXiv:2106.05203; Richtarik, Gasanov, Burlachenko
///          2024, arXiv:2402.10774.
double ef21_stepsize(double alpha, double L, std::span<const double> L_i, SmoothnessMean mean);

/// The same under the Polyak-Lojasiewicz condition |grad f|^2 >= 2 mu (f - f*), mu > 0; the error
/// then falls by the factor 1 - gamma mu per step:
///
///   gamma = min(1 / (L + L_mean sqrt(2) xi(alpha)), theta / (2 mu)),   theta = 1 - sqrt(1 - alpha)
double ef21_stepsize_pl(double alpha, double L, std::span<const double> L_i, SmoothnessMean mean,
                        double mu);

/// For stochastic gradients under EF21-SGDM with momentum 1 - eta, 0 < eta <= 1:
///
///   gamma = min(alpha / (20 L_mean), eta / (7 L))
///
/// The constants 20 and 7 could not be checked against the paper (docs/algorithms.md).
///
/// Source   Fatkhullin, Tyurin, Richtarik 2023, arXiv:2305.15155.
double ef21_sgdm_stepsize(double alpha, double L, std::span<const double> L_i, SmoothnessMean mean,
                          double eta);

}  // namespace pith
